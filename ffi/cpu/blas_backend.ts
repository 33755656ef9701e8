import type { MatmulArguments } from "../../lib/tensor/operations.ts";
import { type BlasLibrary, openBlasLibrary } from "./blas_library.ts";
import { at, CpuBackend, type CpuOptions } from "./cpu_backend.ts";
import { FEW_ROWS } from "./matmul.ts";

// Values of enum CBLAS_LAYOUT and CBLAS_TRANSPOSE.
const ROW_MAJOR = 101;
const NOT_TRANSPOSED = 111;
const TRANSPOSED = 112;

/** How the blas device is opened. */
export interface BlasOptions extends CpuOptions {
  /** Path or soname of the library; if left out, the one that DENOLM_BLAS names, or else the first that is found. */
  readonly library?: string;
}

/**
 * The cpu device with its matrix product from a BLAS library, which works on the WebAssembly memory itself: nothing is
 * copied. Needs ffi permission for the library's path beside what the cpu device needs. Whether the number of threads
 * changes the last bits of a product is the library's affair.
 */
export class BlasBackend extends CpuBackend {
  /** "blas". */
  override readonly name: string = "blas";
  /** The library that is used. */
  readonly library: Pick<BlasLibrary, "path" | "version">;
  readonly #library: BlasLibrary;

  /**
   * Opens the library and the cpu device.
   *
   * @throws {Error} If no library can be loaded; see {@link openBlasLibrary}.
   */
  constructor({ library, ...options }: BlasOptions = {}) {
    super(options);
    this.#library = openBlasLibrary(this.threads, library);
    this.library = this.#library;
  }

  /** The cpu device's description, and the library. */
  override get description(): string {
    return `${super.description}, with ${this.library.version} from ${this.library.path}`;
  }

  /** Matrix product through cblas_sgemm, one call for each matrix; for few rows as on the cpu device. */
  override matmul(args: MatmulArguments): void {
    const { m, transposeB = false } = args;
    if (transposeB && m <= FEW_ROWS) return super.matmul(args);
    this.perform(() => this.#multiply(args));
  }

  #multiply(args: MatmulArguments): void {
    const { m, n, k, transposeA = false, transposeB = false, alpha = 1, beta = 0, batch = 1 } = args;
    const strideA = args.strideA ?? (transposeA ? m : k), strideB = args.strideB ?? (transposeB ? k : n);
    const strideC = args.strideC ?? n;
    // A view of the memory is passed as its address. Addresses as numbers would need permission for ffi as a whole.
    const buffer = this.heap.memory.buffer as unknown as ArrayBuffer;
    for (let matrix = 0; matrix < batch; matrix++) {
      this.#library.functions.cblas_sgemm(
        ROW_MAJOR,
        transposeA ? TRANSPOSED : NOT_TRANSPOSED,
        transposeB ? TRANSPOSED : NOT_TRANSPOSED,
        m,
        n,
        k,
        alpha,
        new Uint8Array(buffer, at(args.a) + 4 * matrix * (args.batchStrideA ?? 0)),
        strideA,
        new Uint8Array(buffer, at(args.b) + 4 * matrix * (args.batchStrideB ?? 0)),
        strideB,
        beta,
        new Uint8Array(buffer, at(args.c) + 4 * matrix * (args.batchStrideC ?? 0)),
        strideC,
      );
    }
  }

  /** Ends the Workers and closes the library. */
  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    this.#library[Symbol.dispose]();
  }
}
