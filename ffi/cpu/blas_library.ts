import { keepLoaded } from "../keep_loaded.ts";
import { whyNotOpened } from "../why_not_opened.ts";

/** The part of CBLAS that is used, and what the libraries that contain it, or need, offer beside. */
export const blasSymbols = {
  cblas_sgemm: {
    parameters: [
      "i32", /* CBLAS_LAYOUT layout */
      "i32", /* CBLAS_TRANSPOSE transa */
      "i32", /* CBLAS_TRANSPOSE transb */
      "i32", /* int m */
      "i32", /* int n */
      "i32", /* int k */
      "f32", /* float alpha */
      "buffer", /* const float *a */
      "i32", /* int lda */
      "buffer", /* const float *b */
      "i32", /* int ldb */
      "f32", /* float beta */
      "buffer", /* float *c */
      "i32", /* int ldc */
    ],
    result: "void",
  },
  cblas_sdot: {
    parameters: [
      "i64", /* int n: see hasLongIntegers */
      "buffer", /* const float *x */
      "i32", /* int incx */
      "buffer", /* const float *y */
      "i32", /* int incy */
    ],
    result: "f32",
    optional: true,
  },
  openblas_set_num_threads: { parameters: ["i32" /* int num_threads */], result: "void", optional: true },
  openblas_get_config: { parameters: [], result: "pointer", /* char* */ optional: true },
  bli_thread_set_num_threads: { parameters: ["i64" /* dim_t n_threads */], result: "void", optional: true },
  bli_info_get_version_str: { parameters: [], result: "pointer", /* char* */ optional: true },
  MKL_Set_Num_Threads: { parameters: ["i32" /* int nt */], result: "void", optional: true },
  mkl_get_version_string: {
    parameters: ["buffer", /* char *buf */ "i32" /* int len */],
    result: "void",
    optional: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of an open library; those that only some libraries have are null in others. */
export type BlasFunctions = Deno.DynamicLibrary<typeof blasSymbols>["symbols"];

/** An open BLAS library. */
export interface BlasLibrary extends Disposable {
  /** The path or soname that was loaded. */
  readonly path: string;
  /** What the library says of itself: name, version, configuration. */
  readonly version: string;
  /** Its functions. */
  readonly functions: BlasFunctions;
}

/** No BLAS library could be opened. */
export class NoBlasError extends Error {
  /** "NoBlasError". */
  override readonly name: string = "NoBlasError";
  /** What a program must be run with to try those that it may not open, or one that DENOLM_BLAS names. */
  readonly permissionFlags: readonly string[];
  /** Why, in one line. */
  readonly reason: string;

  /** With what was tried, a line each, and whether all of that may be opened. */
  constructor(failures: readonly string[], { permitted }: { permitted: boolean }) {
    super(
      `Cannot open the blas device: no BLAS library could be loaded; install one (Debian and Ubuntu: ` +
        `apt-get install libopenblas0-pthread), or name its path in DENOLM_BLAS, and allow it with --allow-ffi=PATH. ` +
        `Tried:\n${failures.map((failure) => `  ${failure}`).join("\n")}`,
    );
    this.reason = failures.length === 1 ? failures[0] : "no BLAS library that is installed and permitted was found";
    this.permissionFlags = permitted ? [] : ["--allow-ffi", "--allow-env=DENOLM_BLAS"];
  }
}

/**
 * Where BLAS libraries are looked for, in order: usual folders, then what the system's loader finds by name. MKL is
 * none of them: without its OpenMP library it opens, and ends the program at the first product. DENOLM_BLAS may name
 * it.
 */
export function blasPaths(os: typeof Deno.build.os = Deno.build.os, arch: string = Deno.build.arch): string[] {
  if (os === "darwin") {
    return [
      "/System/Library/Frameworks/Accelerate.framework/Accelerate",
      "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
      "/usr/local/opt/openblas/lib/libopenblas.dylib",
      "libopenblas.dylib",
    ];
  }
  if (os === "windows") return ["libopenblas.dll"];
  return [
    `/usr/lib/${arch}-linux-gnu/openblas-pthread/libopenblas.so.0`,
    `/usr/lib/${arch}-linux-gnu/openblas-openmp/libopenblas.so.0`,
    `/usr/lib/${arch}-linux-gnu/blis-pthread/libblis.so.4`,
    `/usr/lib/${arch}-linux-gnu/blis-openmp/libblis.so.4`,
    "/usr/lib64/libopenblasp.so.0",
    "/usr/lib/libopenblas.so.0",
    "libopenblas.so.0",
    "libblis.so.4",
  ];
}

/**
 * Opens the first BLAS library that can be had: the one that the environment variable DENOLM_BLAS names, or else one of
 * `blasPaths()`. A path without ffi permission is passed over, so that a permission for one path is enough and nothing
 * is asked.
 *
 * @param threads Threads that the library is told to use.
 * @param library Path or soname of the only one to try.
 * @throws {NoBlasError} If there is none, with every path tried and why it was not opened.
 */
export function openBlasLibrary(threads: number, library = libraryOfEnvironment()): BlasLibrary {
  const failures: string[] = [];
  let permitted = true;
  for (const path of library === undefined ? blasPaths() : [library]) {
    if (Deno.permissions.querySync({ name: "ffi", path }).state !== "granted") {
      permitted = false;
      failures.push(`${path}: no permission (--allow-ffi=${path})`);
      continue;
    }
    let opened: Deno.DynamicLibrary<typeof blasSymbols>;
    try {
      opened = Deno.dlopen(path, blasSymbols);
    } catch (error) {
      failures.push(`${path}: ${whyNotOpened(error, path)}`);
      continue;
    }
    const functions = opened.symbols;
    if (hasLongIntegers(functions)) {
      opened.close();
      failures.push(`${path}: its integers have 64 bits (ILP64); take the build of it whose integers have 32 (LP64)`);
      continue;
    }
    // The threads of one that computes with OpenMP wait in its code for more.
    keepLoaded(path);
    functions.openblas_set_num_threads?.(threads);
    functions.bli_thread_set_num_threads?.(BigInt(threads));
    functions.MKL_Set_Num_Threads?.(threads);
    return { path, version: versionOf(functions), functions, [Symbol.dispose]: () => opened.close() };
  }
  throw new NoBlasError(failures, { permitted });
}

function libraryOfEnvironment(): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: "DENOLM_BLAS" });
  return state === "granted" ? Deno.env.get("DENOLM_BLAS") || undefined : undefined;
}

// Whether the library was built with integers of 64 bits: it would find sizes in what lies beside ours, and end the
// program. The lower half of this length is 1; as a whole it is negative, for which the product of vectors is 0.
function hasLongIntegers(functions: BlasFunctions): boolean {
  const one = new Float32Array([1]);
  return functions.cblas_sdot?.(1n - (1n << 32n), one, 1, one, 1) === 0;
}

function versionOf(functions: BlasFunctions): string {
  if (functions.openblas_get_config) return textAt(functions.openblas_get_config()) ?? "OpenBLAS";
  if (functions.bli_info_get_version_str) return `BLIS ${textAt(functions.bli_info_get_version_str()) ?? ""}`.trim();
  if (functions.mkl_get_version_string) {
    const text = new Uint8Array(200);
    functions.mkl_get_version_string(text, text.length);
    return new TextDecoder().decode(text).replace(/[\0 ]+$/, "");
  }
  return "CBLAS";
}

// Reading at a pointer needs permission for ffi as a whole: with that for one library alone, its version stays unknown.
function textAt(pointer: Deno.PointerValue): string | undefined {
  if (pointer === null || Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return undefined;
  return Deno.UnsafePointerView.getCString(pointer).trim();
}
