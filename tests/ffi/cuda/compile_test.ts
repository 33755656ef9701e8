import { assertEquals } from "@std/assert";
import { hasTensorCoreKernels, kernelSource } from "../../../ffi/cuda/kernel_sources.ts";
import { kernelSignatures } from "../../../ffi/cuda/kernel_signature.ts";
import { LibraryNotFoundError } from "../../../ffi/cuda/find_library.ts";
import { Nvrtc } from "../../../ffi/cuda/nvrtc.ts";

type Compile = (dtype: "f32" | "bf16", architecture: number) => void;

const { compile, skipped } = findCompiler();

for (const architecture of [80, 89, 90, 100]) {
  Deno.test({
    name: `the kernels compile for sm_${architecture}${skipped === undefined ? "" : ` (skipped: ${skipped})`}`,
    ignore: skipped !== undefined,
    fn: () => {
      compile!("bf16", architecture);
      // Its kernels are among those for bfloat16, and differ in the element type alone: once is enough.
      if (architecture === 80) compile!("f32", architecture);
    },
  });
}

Deno.test("every kernel's parameters can be packed", () => {
  for (const dtype of ["f32", "bf16"] as const) {
    const source = kernelSource(dtype, 90);
    const signatures = kernelSignatures(source.text);
    const declared = [...source.text.matchAll(/__global__ void/g)].length;
    assertEquals(signatures.size, declared);
    assertEquals(signatures.has("attention_tensor_core_64"), hasTensorCoreKernels(dtype, 90));
  }
  assertEquals(
    kernelSignatures(kernelSource("f32", 90).text).get("attention_plain_64")?.bytes,
    11 * 8 + 17 * 8 + 8 * 4,
  );
});

// NVRTC if it is there, else nvcc.
function findCompiler(): { compile: Compile; skipped?: undefined } | { compile?: undefined; skipped: string } {
  try {
    new Nvrtc()[Symbol.dispose]();
    return {
      compile: (dtype, architecture) => {
        using nvrtc = new Nvrtc();
        const { text, options } = kernelSource(dtype, architecture);
        nvrtc.compile(`denolm_${dtype}.cu`, text, options);
      },
    };
  } catch (error) {
    if (!(error instanceof LibraryNotFoundError)) throw error;
  }
  try {
    new Deno.Command("nvcc", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return { compile: compileWithNvcc };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { skipped: "neither NVRTC nor nvcc is installed; both come with the CUDA toolkit" };
  }
}

function compileWithNvcc(dtype: "f32" | "bf16", architecture: number): void {
  const folder = Deno.makeTempDirSync();
  try {
    const { text, options } = kernelSource(dtype, architecture);
    Deno.writeTextFileSync(`${folder}/kernels.cu`, text);
    const { success, stderr } = new Deno.Command("nvcc", {
      args: ["-cubin", ...options, "-o", `${folder}/kernels.cubin`, `${folder}/kernels.cu`],
    }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
