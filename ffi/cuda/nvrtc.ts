import { checkStatus, NVRTC_STATUS } from "./cuda_error.ts";
import { type HostMemory, hostMemory } from "./host_memory.ts";
import { NVRTC_LIBRARY, type OpenLibrary, openLibrary } from "./find_library.ts";

/** The functions of NVRTC that are used (nvrtc.h). */
export const nvrtcSymbols = {
  nvrtcVersion: { parameters: ["buffer", /* int *major */ "buffer" /* int *minor */], result: "i32" /* nvrtcResult */ },
  nvrtcCreateProgram: {
    parameters: [
      "buffer", /* nvrtcProgram *prog */
      "buffer", /* const char *src */
      "buffer", /* const char *name */
      "i32", /* int numHeaders */
      "pointer", /* const char * const *headers */
      "pointer", /* const char * const *includeNames */
    ],
    result: "i32",
  },
  nvrtcCompileProgram: {
    parameters: ["u64", /* nvrtcProgram prog */ "i32", /* int numOptions */ "buffer" /* const char * const *options */],
    result: "i32",
  },
  nvrtcDestroyProgram: { parameters: ["buffer" /* nvrtcProgram *prog */], result: "i32" },
  nvrtcGetProgramLogSize: {
    parameters: ["u64", /* nvrtcProgram prog */ "buffer" /* size_t *logSizeRet */],
    result: "i32",
  },
  nvrtcGetProgramLog: { parameters: ["u64", /* nvrtcProgram prog */ "buffer" /* char *log */], result: "i32" },
  nvrtcGetCUBINSize: {
    parameters: ["u64", /* nvrtcProgram prog */ "buffer" /* size_t *cubinSizeRet */],
    result: "i32",
  },
  nvrtcGetNumSupportedArchs: { parameters: ["buffer" /* int *numArchs */], result: "i32" },
  nvrtcGetSupportedArchs: { parameters: ["buffer" /* int *supportedArchs */], result: "i32" },
  nvrtcGetPTXSize: { parameters: ["u64", /* nvrtcProgram prog */ "buffer" /* size_t *ptxSizeRet */], result: "i32" },
  nvrtcGetPTX: { parameters: ["u64", /* nvrtcProgram prog */ "buffer" /* char *ptx */], result: "i32" },
  nvrtcGetCUBIN: { parameters: ["u64", /* nvrtcProgram prog */ "buffer" /* char *cubin */], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const OPTION_BYTES = 4096;
const NVRTC_ERROR_COMPILATION = 6;

/** NVIDIA's run-time compiler: CUDA C++ text to machine code for one architecture, or to PTX. */
export class Nvrtc implements Disposable {
  /** Where the library was found. */
  readonly path: string;
  /** Its version: "13.0". */
  readonly version: string;
  readonly #library: OpenLibrary<typeof nvrtcSymbols>;
  readonly #builtins?: Deno.DynamicLibrary<Record<never, never>>;

  /**
   * Opens the compiler.
   *
   * @param where.path The library; looked for if left out.
   * @param where.newestMajor The newest major version of CUDA that the driver supports.
   * @throws {LibraryNotFoundError} If there is none.
   */
  constructor({ path, newestMajor }: { path?: string | undefined; newestMajor?: number } = {}) {
    this.#library = openLibrary(NVRTC_LIBRARY, nvrtcSymbols, { path, newestMajor });
    this.path = this.#library.path;
    const [major, minor] = [new Int32Array(1), new Int32Array(1)];
    const code = this.#library.symbols.nvrtcVersion(new Uint8Array(major.buffer), new Uint8Array(minor.buffer));
    checkStatus(NVRTC_STATUS, "nvrtcVersion", code);
    this.version = `${major[0]}.${minor[0]}`;
    this.#builtins = preloadBuiltins(this.path, this.version);
  }

  /**
   * What to compile for, that a GPU runs it (CUDA C++ Programming Guide, "Compute Capabilities"): machine code for its
   * own architecture or the newest older one of its generation; where this compiler is older than the generation, the
   * newest PTX, which the driver translates.
   *
   * @param architecture The GPU's compute capability times ten.
   * @returns "sm_90" for machine code, "compute_90" for PTX.
   * @throws {Error} If this compiler knows nothing so old.
   */
  targetFor(architecture: number): string {
    const known = this.#architectures();
    const older = known.filter((one) => one <= architecture);
    const generation = Math.floor(architecture / 10);
    const ofGeneration = older.filter((one) => Math.floor(one / 10) === generation);
    if (ofGeneration.length > 0) return `sm_${Math.max(...ofGeneration)}`;
    if (older.length > 0) return `compute_${Math.max(...older)}`;
    throw new Error(
      `Cannot compile for the GPU's architecture, sm_${architecture}: NVRTC ${this.version} at ${this.path} knows none ` +
        `older than sm_${Math.min(...known)}; install that of an older CUDA`,
    );
  }

  #architectures(): number[] {
    const { nvrtcGetNumSupportedArchs, nvrtcGetSupportedArchs } = this.#library.symbols;
    const count = new Int32Array(1);
    const counted = nvrtcGetNumSupportedArchs(new Uint8Array(count.buffer));
    checkStatus(NVRTC_STATUS, "nvrtcGetNumSupportedArchs", counted);
    const architectures = new Int32Array(count[0]);
    const code = nvrtcGetSupportedArchs(new Uint8Array(architectures.buffer));
    checkStatus(NVRTC_STATUS, "nvrtcGetSupportedArchs", code);
    return [...architectures];
  }

  /**
   * Compiles a text.
   *
   * @param name Under which the text appears in messages.
   * @param options The compiler's options, such as `--gpu-architecture=sm_90` (or `=compute_90`, for PTX).
   * @param memory Where their text may be put for the call.
   * @returns The machine code (a cubin), or PTX as a text that ends in a 0.
   * @throws {Error} If it does not compile, with the compiler's log.
   */
  compile(
    name: string,
    source: string,
    options: readonly string[],
    memory: HostMemory = hostMemory(OPTION_BYTES),
  ): Uint8Array<ArrayBuffer> {
    const { symbols } = this.#library;
    const handle = new BigUint64Array(1);
    const handleBytes = new Uint8Array(handle.buffer);
    const encode = (text: string) => new TextEncoder().encode(text + "\0");
    const code = symbols.nvrtcCreateProgram(handleBytes, encode(source), encode(name), 0, null, null);
    checkStatus(NVRTC_STATUS, "nvrtcCreateProgram", code, { source: name });
    try {
      const pointers = writeTexts(options, memory);
      const status = symbols.nvrtcCompileProgram(handle[0], options.length, new Uint8Array(pointers.buffer));
      if (status === NVRTC_ERROR_COMPILATION) {
        throw new Error(
          `Cannot compile ${name} with ${options.join(" ")}: NVRTC ${this.version} says\n${this.#log(handle[0])}`,
        );
      }
      checkStatus(NVRTC_STATUS, "nvrtcCompileProgram", status, { source: name, options: options.join(" ") });
      return options.some((option) => option.startsWith("--gpu-architecture=compute_"))
        ? this.#read("nvrtcGetPTX", symbols.nvrtcGetPTXSize, symbols.nvrtcGetPTX, handle[0])
        : this.#read("nvrtcGetCUBIN", symbols.nvrtcGetCUBINSize, symbols.nvrtcGetCUBIN, handle[0]);
    } finally {
      checkStatus(NVRTC_STATUS, "nvrtcDestroyProgram", symbols.nvrtcDestroyProgram(handleBytes));
    }
  }

  #log(program: bigint): string {
    const { nvrtcGetProgramLogSize, nvrtcGetProgramLog } = this.#library.symbols;
    const bytes = this.#read("nvrtcGetProgramLog", nvrtcGetProgramLogSize, nvrtcGetProgramLog, program);
    return new TextDecoder().decode(bytes).replace(/\0$/, "");
  }

  #read(
    call: string,
    size: (program: bigint, size: Uint8Array<ArrayBuffer>) => number,
    read: (program: bigint, bytes: Uint8Array<ArrayBuffer>) => number,
    program: bigint,
  ): Uint8Array<ArrayBuffer> {
    const length = new BigUint64Array(1);
    checkStatus(NVRTC_STATUS, `${call}Size`, size(program, new Uint8Array(length.buffer)));
    const bytes = new Uint8Array(Number(length[0]));
    checkStatus(NVRTC_STATUS, call, read(program, bytes));
    return bytes;
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#builtins?.close();
    this.#library.close();
  }
}

// Puts texts one after another, each with a 0 behind it, and returns where they are.
function writeTexts(texts: readonly string[], { bytes, address }: HostMemory): BigUint64Array<ArrayBuffer> {
  let end = 0;
  return BigUint64Array.from(texts, (text) => {
    const encoded = new TextEncoder().encode(text + "\0");
    const start = end;
    bytes.set(encoded, start);
    end += encoded.length;
    return address + BigInt(start);
  });
}

// NVRTC opens this library by its bare name, which the loader finds in a folder unknown to it (a Python wheel's) only
// if it is loaded already. Where it is not beside NVRTC, the loader's own folders have it, or compiling says so.
function preloadBuiltins(path: string, version: string): Deno.DynamicLibrary<Record<never, never>> | undefined {
  if (!path.includes("/")) return undefined;
  try {
    return Deno.dlopen(path.replace(/[^/]*$/, `libnvrtc-builtins.so.${version}`), {});
  } catch {
    return undefined;
  }
}
