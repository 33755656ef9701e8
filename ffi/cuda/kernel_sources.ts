import attention from "./kernels/attention.cuh" with { type: "text" };
import attentionDecode from "./kernels/attention_decode.cu" with { type: "text" };
import attentionPlain from "./kernels/attention_plain.cu" with { type: "text" };
import attentionTensorCore from "./kernels/attention_tensor_core.cu" with { type: "text" };
import copyRows from "./kernels/copy_rows.cu" with { type: "text" };
import element from "./kernels/element.cuh" with { type: "text" };
import elementwise from "./kernels/elementwise.cu" with { type: "text" };
import embedding from "./kernels/embedding.cu" with { type: "text" };
import matmul from "./kernels/matmul.cu" with { type: "text" };
import optimizer from "./kernels/optimizer.cu" with { type: "text" };
import ptx from "./kernels/ptx.cuh" with { type: "text" };
import reduce from "./kernels/reduce.cuh" with { type: "text" };
import rmsNorm from "./kernels/rms_norm.cu" with { type: "text" };
import rope from "./kernels/rope.cu" with { type: "text" };
import sample from "./kernels/sample.cu" with { type: "text" };
import softmax from "./kernels/softmax.cu" with { type: "text" };
import sum from "./kernels/sum.cu" with { type: "text" };
import swiglu from "./kernels/swiglu.cu" with { type: "text" };
import { attentionWarpTiles } from "./launch_configuration.ts";

/** Whether attention has kernels for tensor cores: for bfloat16, since compute capability 8.0. */
export function hasTensorCoreKernels(dtype: "f32" | "bf16", architecture: number): boolean {
  return dtype === "bf16" && architecture >= 80;
}

// In the order in which they build on each other.
const FILES: readonly (readonly [name: string, text: string])[] = [
  ["ptx.cuh", ptx],
  ["element.cuh", element],
  ["reduce.cuh", reduce],
  ["elementwise.cu", elementwise],
  ["swiglu.cu", swiglu],
  ["embedding.cu", embedding],
  ["rms_norm.cu", rmsNorm],
  ["rope.cu", rope],
  ["softmax.cu", softmax],
  ["sum.cu", sum],
  ["sample.cu", sample],
  ["optimizer.cu", optimizer],
  ["copy_rows.cu", copyRows],
  ["matmul.cu", matmul],
  ["attention.cuh", attention],
  ["attention_plain.cu", attentionPlain],
  ["attention_decode.cu", attentionDecode],
];

// For bfloat16 on architectures that multiply it.
const TENSOR_CORE_FILES: typeof FILES = [["attention_tensor_core.cu", attentionTensorCore]];

/** What to compile for one element type. */
export interface KernelSource {
  /** CUDA C++, all files in one; messages name the file. */
  readonly text: string;
  /** Options for NVRTC. */
  readonly options: readonly string[];
}

/**
 * The kernels of one element type for one architecture, as one text: a single compilation is faster than one per file.
 *
 * @param architecture The GPU's compute capability times ten.
 * @param target What to compile for; see `Nvrtc.targetFor`.
 */
export function kernelSource(
  dtype: "f32" | "bf16",
  architecture: number,
  target: string = `sm_${architecture}`,
): KernelSource {
  const files = hasTensorCoreKernels(dtype, architecture) ? [...FILES, ...TENSOR_CORE_FILES] : FILES;
  return {
    text: files.map(([name, text]) => `#line 1 "${name}"\n${text}`).join("\n"),
    options: [
      `--gpu-architecture=${target}`,
      "--std=c++17",
      `-DELEMENT_IS_BF16=${dtype === "bf16" ? 1 : 0}`,
      `-DATTENTION_WARP_TILES=${attentionWarpTiles(architecture)}`,
    ],
  };
}
