import { assert, assertEquals } from "@std/assert";
import { hasTensorCoreKernels, kernelSource } from "../../../ffi/cuda/kernel_sources.ts";
import { kernelSignatures } from "../../../ffi/cuda/kernel_signature.ts";
import { LibraryNotFoundError } from "../../../ffi/cuda/find_library.ts";
import { Nvrtc } from "../../../ffi/cuda/nvrtc.ts";

type Compile = (dtype: "f32" | "bf16", architectures: readonly number[]) => void;

const { compile, skipped } = findCompiler();

// The kernels for float32 are among those for bfloat16, and differ in the element type alone: one architecture is enough.
for (const [dtype, architectures] of [["bf16", [80, 89, 90, 100]], ["f32", [90]]] as const) {
  const targets = architectures.map((architecture) => `sm_${architecture}`).join(", ");
  Deno.test({
    name: `the kernels for ${dtype} compile for ${targets}${skipped === undefined ? "" : ` (skipped: ${skipped})`}`,
    ignore: skipped !== undefined,
    fn: () => compile!(dtype, architectures),
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
  const signatures = kernelSignatures(kernelSource("f32", 90).text);
  assertEquals(signatures.get("attention_plain_64")?.bytes, 11 * 8 + 17 * 8 + 9 * 4);
  const threads = ["attention_plain_64", "sample", "softmax", "add"].map((kernel) => signatures.get(kernel)?.threads);
  assertEquals(threads, [128, 1024, 1024, 256]);
  for (const { threads } of signatures.values()) assert(threads >= 1 && threads <= 1024);
});

// NVRTC if it is there, else nvcc.
function findCompiler(): { compile: Compile; skipped?: undefined } | { compile?: undefined; skipped: string } {
  try {
    new Nvrtc()[Symbol.dispose]();
    return {
      compile: (dtype, architectures) => {
        using nvrtc = new Nvrtc();
        for (const architecture of architectures) {
          const { text, options } = kernelSource(dtype, architecture);
          nvrtc.compile(`denolm_${dtype}.cu`, text, options);
        }
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

// Through PTX for the oldest architecture, which is made once.
function compileWithNvcc(dtype: "f32" | "bf16", architectures: readonly number[]): void {
  const folder = Deno.makeTempDirSync();
  try {
    const { text, options } = kernelSource(dtype, architectures[0]);
    Deno.writeTextFileSync(`${folder}/kernels.cu`, text);
    const targets = architectures.map((architecture) => `sm_${architecture}`).join(",");
    const { success, stderr } = new Deno.Command("nvcc", {
      args: [
        "--fatbin",
        `--generate-code=arch=compute_${architectures[0]},code=[${targets}]`,
        ...options.filter((option) => !option.startsWith("--gpu-architecture")),
        "-o",
        `${folder}/kernels.fatbin`,
        `${folder}/kernels.cu`,
      ],
    }).outputSync();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}
