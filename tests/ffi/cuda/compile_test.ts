import { assert, assertEquals } from "@std/assert";
import { hasTensorCoreKernels, type KernelSource, kernelSource } from "../../../ffi/cuda/kernel_sources.ts";
import { kernelSignatures } from "../../../ffi/cuda/kernel_signature.ts";
import { LibraryNotFoundError } from "../../../ffi/cuda/find_library.ts";
import { Nvrtc } from "../../../ffi/cuda/nvrtc.ts";
import { ptxParameters } from "../../cuda_emulation/ptx_to_cpp.ts";

type DType = "f32" | "bf16";

/** A compiler that is installed. */
interface Compiler {
  compile(dtype: DType, architecture: number): void;
  /** The kernels for sm_90 as PTX. */
  ptx(dtype: DType): string;
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

// The driver refuses a launch whose parameters are not as many bytes as the machine code says.
for (const dtype of ["f32", "bf16"] as const) {
  const skipped = compiler === undefined ? " (skipped: neither NVRTC nor nvcc is installed)" : "";
  Deno.test({
    name: `launches pack the parameters of the kernels for ${dtype} as the compiler lays them out${skipped}`,
    ignore: compiler === undefined,
    fn() {
      const signatures = kernelSignatures(kernelSource(dtype, 90).text);
      const compiled = ptxParameters(compiler!.ptx(dtype));
      assertEquals([...compiled.keys()].sort(), [...signatures.keys()].sort());
      for (const [kernel, { offsets, bytes }] of compiled) {
        const { fields, bytes: packed } = signatures.get(kernel)!;
        assertEquals(packed, bytes, kernel);
        const own = new Set(fields.map(({ offset }) => offset));
        assert(offsets.every((offset) => own.has(offset)), `${kernel}: ${offsets}`);
      }
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
  const signatures = kernelSignatures(kernelSource("f32", 90).text);
  assertEquals(signatures.get("attention_plain_64")?.bytes, 11 * 8 + 17 * 8 + 9 * 4 + 4);
  const threads = ["attention_plain_64", "sample", "softmax", "add"].map((kernel) => signatures.get(kernel)?.threads);
  assertEquals(threads, [128, 1024, 1024, 256]);
  for (const { threads } of signatures.values()) assert(threads >= 1 && threads <= 1024);
});

// NVRTC if it is there, else nvcc.
function findCompiler(): Compiler | undefined {
  try {
    new Nvrtc()[Symbol.dispose]();
    return { compile: compileWithNvrtc, ptx: ptxOfNvrtc, refusal: refusalOfNvrtc };
  } catch (error) {
    if (!(error instanceof LibraryNotFoundError)) throw error;
  }
  try {
    const known = text(new Deno.Command("nvcc", { args: ["--list-gpu-code"] }).outputSync().stdout).split("\n");
    const refusal = (architecture: number) =>
      known.includes(`sm_${architecture}`) ? undefined : `nvcc does not know sm_${architecture}`;
    return { compile: compileWithNvcc, ptx: ptxOfNvcc, refusal };
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

function ptxOfNvrtc(dtype: DType): string {
  using nvrtc = new Nvrtc();
  const { text: source, options } = kernelSource(dtype, 90, "compute_90");
  return text(nvrtc.compile(`denolm_${dtype}.cu`, source, options));
}

function refusalOfNvrtc(architecture: number): string | undefined {
  using nvrtc = new Nvrtc();
  if (nvrtc.targetFor(architecture) === `sm_${architecture}`) return undefined;
  return `NVRTC ${nvrtc.version} does not know sm_${architecture}`;
}

function compileWithNvcc(dtype: DType, architecture: number): void {
  const { report } = runNvcc("--cubin", kernelSource(dtype, architecture), ["--ptxas-options=--verbose"]);
  checkRegisters(report, kernelSource(dtype, architecture).text);
}

// Bytes that a thread may keep in memory for want of registers: with the few that some kernels do, one more block fits
// a multiprocessor; an array that is not in registers is more.
const MOST_SPILLED = 64;

// What ptxas says of each kernel: a launch must find registers for as many threads as its signature promises.
function checkRegisters(report: string, source: string): void {
  const kernels = report.matchAll(/entry function '(\w+)'[^]*?(\d+) bytes spill stores[^]*?Used (\d+) registers/g);
  const signatures = kernelSignatures(source);
  const seen = [...kernels].map(([, kernel, spilled, registers]) => {
    assert(Number(spilled) <= MOST_SPILLED, `${kernel} keeps ${spilled} bytes of a thread in memory`);
    // A warp's are allotted 256 at a time.
    const perWarp = Math.ceil(32 * Number(registers) / 256) * 256;
    const { threads } = signatures.get(kernel)!;
    assert(perWarp * threads / 32 <= 65_536, `${kernel}: ${registers} registers for ${threads} threads`);
    return kernel;
  });
  assertEquals(seen.sort(), [...signatures.keys()].sort());
}

function ptxOfNvcc(dtype: DType): string {
  return text(runNvcc("--ptx", kernelSource(dtype, 90)).output);
}

function runNvcc(
  kind: "--cubin" | "--ptx",
  { text: source, options }: KernelSource,
  more: readonly string[] = [],
): { output: Uint8Array; report: string } {
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/kernels.cu`, source);
    const args = [kind, ...options, ...more, "-o", `${folder}/kernels`, `${folder}/kernels.cu`];
    const { success, stderr } = new Deno.Command("nvcc", { args }).outputSync();
    if (!success) throw new Error(text(stderr));
    return { output: Deno.readFileSync(`${folder}/kernels`), report: text(stderr) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
