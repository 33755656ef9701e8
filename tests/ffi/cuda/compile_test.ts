import { assert, assertEquals } from "@std/assert";
import { hasTensorCoreKernels, kernelSource } from "../../../ffi/cuda/kernel_sources.ts";
import { kernelSignatures } from "../../../ffi/cuda/kernel_signature.ts";
import { LibraryNotFoundError } from "../../../ffi/cuda/find_library.ts";
import { Nvrtc } from "../../../ffi/cuda/nvrtc.ts";

type DType = "f32" | "bf16";

/** A compiler that is installed. */
interface Compiler {
  compile(dtype: DType, architecture: number): void;
  /** Why it cannot compile for an architecture; nothing if it can. */
  refusal(architecture: number): string | undefined;
}

const compiler = findCompiler();

// The kernels for float32 are among those for bfloat16, and differ in the element type alone: one architecture is
// enough.
for (const [dtype, architectures] of [["bf16", [80, 89, 90, 100]], ["f32", [90]]] as const) {
  for (const architecture of architectures) {
    const skipped = compiler === undefined
      ? "neither NVRTC nor nvcc is installed; both come with the CUDA toolkit"
      : compiler.refusal(architecture);
    Deno.test({
      name: `the kernels for ${dtype} compile for sm_${architecture}${
        skipped === undefined ? "" : ` (skipped: ${skipped})`
      }`,
      ignore: skipped !== undefined,
      fn: () => compiler!.compile(dtype, architecture),
    });
  }
}

Deno.test("every kernel's parameters can be packed", () => {
  for (const dtype of ["f32", "bf16"] as const) {
    const source = kernelSource(dtype, 90);
    const signatures = kernelSignatures(source.text);
    const declared = [...source.text.matchAll(/__global__ void/g)].length;
    assertEquals(signatures.size, declared);
    assertEquals(signatures.has("attention_tensor_core_64"), hasTensorCoreKernels(dtype, 90));
  }
  const signatures = kernelSignatures(kernelSource("f32", 90).text);
  assertEquals(signatures.get("attention_plain_64")?.bytes, 11 * 8 + 17 * 8 + 9 * 4);
  const threads = ["attention_plain_64", "sample", "softmax", "add"].map((kernel) => signatures.get(kernel)?.threads);
  assertEquals(threads, [128, 1024, 1024, 256]);
  for (const { threads } of signatures.values()) assert(threads >= 1 && threads <= 1024);
});

// NVRTC if it is there, else nvcc.
function findCompiler(): Compiler | undefined {
  try {
    new Nvrtc()[Symbol.dispose]();
    return { compile: compileWithNvrtc, refusal: refusalOfNvrtc };
  } catch (error) {
    if (!(error instanceof LibraryNotFoundError)) throw error;
  }
  try {
    const known = text(new Deno.Command("nvcc", { args: ["--list-gpu-code"] }).outputSync().stdout).split("\n");
    const refusal = (architecture: number) =>
      known.includes(`sm_${architecture}`) ? undefined : `nvcc does not know sm_${architecture}`;
    return { compile: compileWithNvcc, refusal };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return undefined;
  }
}

function compileWithNvrtc(dtype: DType, architecture: number): void {
  using nvrtc = new Nvrtc();
  const { text, options } = kernelSource(dtype, architecture);
  nvrtc.compile(`denolm_${dtype}.cu`, text, options);
}

function refusalOfNvrtc(architecture: number): string | undefined {
  using nvrtc = new Nvrtc();
  if (nvrtc.targetFor(architecture) === `sm_${architecture}`) return undefined;
  return `NVRTC ${nvrtc.version} does not know sm_${architecture}`;
}

function compileWithNvcc(dtype: DType, architecture: number): void {
  const folder = Deno.makeTempDirSync();
  try {
    const { text: source, options } = kernelSource(dtype, architecture);
    Deno.writeTextFileSync(`${folder}/kernels.cu`, source);
    const args = ["--cubin", ...options, "-o", `${folder}/kernels.cubin`, `${folder}/kernels.cu`];
    const { success, stderr } = new Deno.Command("nvcc", { args }).outputSync();
    if (!success) throw new Error(text(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
