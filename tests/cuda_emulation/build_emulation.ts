import { createHash } from "node:crypto";
import { CudaBackend } from "../../ffi/cuda/cuda_backend.ts";
import type { CudaOptions } from "../../ffi/cuda/cuda_runtime.ts";

const SOURCES = [
  "cuda.cpp",
  "device_memory.cpp",
  "pinned_memory.cpp",
  "run_kernel.cpp",
  "nvrtc.cpp",
  "product.cpp",
  "races.cpp",
  "cublaslt.cpp",
  "cublas.cpp",
];
const HEADERS = [
  "device_memory.h",
  "emulated_device.h",
  "emulation.h",
  "pinned_memory.h",
  "product.h",
  "races.h",
  "run_kernel.h",
  "runtime.h",
];

const observationSymbols = {
  emulation_message: { parameters: ["buffer", /* char *text */ "u64" /* size */], result: "void" },
  emulation_live_allocations: { parameters: [], result: "u64" },
  emulation_live_handles: { parameters: [], result: "u64" },
  emulation_live_descriptors: { parameters: [], result: "u64" },
  emulation_live_cublas: { parameters: [], result: "u64" },
  emulation_cublas_products: { parameters: [], result: "u64" },
  emulation_set_cublas_offers: { parameters: ["i32" /* int value */], result: "void" },
  emulation_set_cublaslt_offers: { parameters: ["i32" /* int value */], result: "void" },
  emulation_set_thread_order: { parameters: ["i32" /* int descending */], result: "void" },
  emulation_check_races: { parameters: ["i32" /* int check */], result: "void" },
  emulation_replace_kernels: { parameters: ["buffer" /* const char *folder */], result: "void" },
  emulation_plan: { parameters: ["buffer", /* const char *call */ "i32" /* code */], result: "void" },
  emulation_set_machine: {
    parameters: ["i32", /* driver's version */ "i32", /* devices */ "i32" /* same address for pinned memory */],
    result: "void",
  },
  emulation_set_capacity: { parameters: ["u64" /* bytes */], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

/** One shared library that stands in for libcuda, NVRTC and cuBLASLt, and what it saw. */
export class Emulation implements Disposable {
  /** For `CudaBackend`. */
  readonly libraries: Required<NonNullable<CudaOptions["libraries"]>>;
  readonly #library: Deno.DynamicLibrary<typeof observationSymbols>;

  /** Opens the library at a path. */
  constructor(path: string) {
    this.libraries = { driver: path, nvrtc: path, cublasLt: path, cublas: path };
    this.#library = Deno.dlopen(path, observationSymbols);
    // Set by the test of NVRTC's PTX, for the whole suite.
    const folder = Deno.env.get("DENOLM_EMULATED_PTX");
    if (folder) this.#library.symbols.emulation_replace_kernels(new TextEncoder().encode(folder + "\0"));
  }

  /** A GPU that is none. */
  open(options: CudaOptions = {}): CudaBackend {
    return new CudaBackend({ libraries: this.libraries, ...options });
  }

  /** What was wrong with the last call that failed. */
  message(): string {
    const text = new Uint8Array(1024);
    this.#library.symbols.emulation_message(text, 1024n);
    return new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
  }

  /** Allocations, handles and descriptors that nobody has freed. */
  leaks(): { allocations: number; handles: number; descriptors: number } {
    const { emulation_live_allocations, emulation_live_handles, emulation_live_descriptors, emulation_live_cublas } =
      this.#library.symbols;
    return {
      allocations: Number(emulation_live_allocations()),
      handles: Number(emulation_live_handles()),
      descriptors: Number(emulation_live_descriptors() + emulation_live_cublas()),
    };
  }

  /** In which order the threads of a block run between barriers. */
  setThreadOrder(order: "ascending" | "descending"): void {
    this.#library.symbols.emulation_set_thread_order(order === "descending" ? 1 : 0);
  }

  /** Whether kernels compiled from now on are checked for races: a tenth of the speed. */
  checkRaces(check: boolean): void {
    this.#library.symbols.emulation_check_races(check ? 1 : 0);
  }

  /** Lets the next call of a function of CUDA fail with a code. */
  plan(call: string, code: number): void {
    this.#library.symbols.emulation_plan(new TextEncoder().encode(call + "\0"), code);
  }

  /** What driver and devices there are, and whether pinned memory has one address for the host and the GPU. */
  setMachine({ driverVersion = 13_000, devices = 1, sameAddressForPinnedMemory = true } = {}): void {
    this.#library.symbols.emulation_set_machine(driverVersion, devices, sameAddressForPinnedMemory ? 1 : 0);
  }

  /** Whether cuBLASLt and cuBLAS have an algorithm for anything. */
  setProducts({ cublasLt = true, cublas = true } = {}): void {
    this.#library.symbols.emulation_set_cublaslt_offers(cublasLt ? 1 : 0);
    this.#library.symbols.emulation_set_cublas_offers(cublas ? 1 : 0);
  }

  /** Products that cuBLAS itself has made so far. */
  cublasProducts(): number {
    return Number(this.#library.symbols.emulation_cublas_products());
  }

  /** How much memory the emulated device has. */
  setCapacity(bytes: number): void {
    this.#library.symbols.emulation_set_capacity(BigInt(bytes));
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#library.close();
  }
}

/**
 * Builds the emulation with g++, once: the result and the compiled kernels stay in the system's temporary folder under
 * a hash of the sources.
 *
 * @returns The path of the library, or why there is none.
 */
export function buildEmulation(): { path: string; skipped?: undefined } | { path?: undefined; skipped: string } {
  if (Deno.build.os !== "linux") return { skipped: "the emulation of CUDA is made for Linux" };
  const folder = import.meta.dirname!;
  const hash = createHash("sha256");
  for (const name of [...SOURCES, ...HEADERS]) hash.update(Deno.readFileSync(`${folder}/${name}`));
  const cache = `${Deno.env.get("TMPDIR") ?? "/tmp"}/denolm-cuda-emulation`;
  Deno.mkdirSync(cache, { recursive: true });
  Deno.env.set("DENOLM_EMULATION_CACHE", cache);
  const path = `${cache}/emulation-${hash.update(folder).digest("hex").slice(0, 16)}.so`;
  if (exists(path)) return { path };
  const own = `${path}.${crypto.randomUUID()}`;
  const args = ["-std=c++17", "-O2", "-shared", "-fPIC", `-DEMULATION_FOLDER="${folder}"`, "-o", own];
  try {
    const { success, stderr } = new Deno.Command("g++", {
      args: [...args, ...SOURCES.map((name) => `${folder}/${name}`), "-ldl"],
      stderr: "piped",
    }).outputSync();
    if (!success) throw new Error(`Cannot build the CUDA emulation:\n${new TextDecoder().decode(stderr)}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return { skipped: "g++ is not installed; on Debian: apt-get install g++" };
  }
  Deno.renameSync(own, path);
  return { path };
}

/**
 * Registers a test on the emulation; where no compiler is, one that is skipped and says why in its name.
 */
export function testOnEmulation(
  name: string,
  run: (emulation: Emulation, t: Deno.TestContext) => void | Promise<void>,
): void {
  const { path, skipped } = build;
  Deno.test({
    name: skipped === undefined ? name : `${name} (skipped: ${skipped})`,
    ignore: skipped !== undefined,
    fn: async (t) => {
      using emulation = new Emulation(path!);
      try {
        await run(emulation, t);
      } finally {
        emulation.setThreadOrder("ascending");
        emulation.checkRaces(false);
        emulation.setMachine();
        emulation.setProducts();
      }
    },
  });
}

const build = buildEmulation();

/** Opens an emulated GPU, for suites that register their tests themselves; undefined where no compiler is. */
export const openEmulated: (() => CudaBackend) | undefined = build.path === undefined ? undefined : () => {
  const { path } = build;
  return new CudaBackend({ libraries: { driver: path, nvrtc: path, cublasLt: path, cublas: path } });
};

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
