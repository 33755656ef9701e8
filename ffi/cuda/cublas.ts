import { checkStatus, CUBLAS_STATUS } from "./cuda_error.ts";
import {
  CUBLAS_COMPUTE_32F,
  CUBLAS_COMPUTE_32F_FAST_TF32,
  CUBLAS_DEFAULT_MATH,
  CUBLAS_GEMM_DEFAULT,
  CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION,
  CUBLAS_OP_N,
  CUBLAS_OP_T,
  CUBLAS_STATUS_NOT_SUPPORTED,
  cublasSymbols,
  CUDA_R_16BF,
  CUDA_R_32F,
} from "./cublas_symbols.ts";
import type { MatmulShape } from "./cublaslt.ts";
import { CUBLAS_LIBRARY, type OpenLibrary, openLibrary } from "./find_library.ts";

const LARGEST_INT = 2 ** 31 - 1;

/** How cuBLAS is opened. */
export interface CublasOptions {
  /** The library; looked for if left out. */
  path?: string | undefined;
  /** The newest major version of CUDA that the driver supports. */
  newestMajor?: number;
  /** Whether float32 products may round their operands to TF32. */
  tf32: boolean;
  /** The stream on which products are queued. */
  stream: bigint;
  /** Device memory that the products use one after another. */
  workspace: { address: bigint; bytes: number };
  /** Passes over what belongs to the context once that is lost: `Driver.ended`. */
  ended: (free: () => void) => void;
}

/** Matrix products by cuBLAS itself, which takes shapes and alignments for which cuBLASLt offers no algorithm. */
export class Cublas implements Disposable {
  /** Where the library was found. */
  readonly path: string;
  readonly #library: OpenLibrary<typeof cublasSymbols>;
  readonly #handle: bigint;
  readonly #tf32: boolean;
  readonly #ended: (free: () => void) => void;
  readonly #alpha = new Float32Array(1);
  readonly #alphaBytes = new Uint8Array(this.#alpha.buffer);
  readonly #beta = new Float32Array(1);
  readonly #betaBytes = new Uint8Array(this.#beta.buffer);

  /**
   * Opens the library; a context must be current.
   *
   * @throws {LibraryNotFoundError} If there is none.
   */
  constructor({ path, newestMajor, tf32, stream, workspace, ended }: CublasOptions) {
    this.#tf32 = tf32;
    this.#ended = ended;
    const library = this.#library = openLibrary(CUBLAS_LIBRARY, cublasSymbols, { path, newestMajor });
    this.path = library.path;
    using opening = new DisposableStack();
    opening.defer(() => library.close());
    const handle = new BigUint64Array(1);
    check("cublasCreate", library.symbols.cublasCreate_v2(new Uint8Array(handle.buffer)));
    this.#handle = handle[0];
    opening.defer(() => library.symbols.cublasDestroy_v2(handle[0]));
    // Parts of a sum are added before they are rounded.
    const mode = CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION;
    check("cublasSetMathMode", library.symbols.cublasSetMathMode(this.#handle, mode));
    // The workspace last: setting the stream takes it away again. With memory of its own it would allocate at the first
    // product, which must not happen while a step is recorded.
    check("cublasSetStream", library.symbols.cublasSetStream_v2(this.#handle, stream));
    const { address, bytes } = workspace;
    check("cublasSetWorkspace", library.symbols.cublasSetWorkspace_v2(this.#handle, address, BigInt(bytes)));
    opening.move();
  }

  /**
   * Queues a row-major product; operands are swapped as {@linkcode CublasLt} does.
   *
   * @returns False if cuBLAS does not support it; then nothing is queued.
   */
  matmul(
    shape: MatmulShape,
    { a, b, c }: { a: bigint; b: bigint; c: bigint },
    factors: { alpha: number; beta: number },
  ): boolean {
    const { m, n, k, strideA, strideB, strideC, batch, inputType, outputType } = shape;
    if (Math.max(m, n, k, strideA, strideB, strideC) > LARGEST_INT) return false;
    this.#alpha[0] = factors.alpha;
    this.#beta[0] = factors.beta;
    const [input, output] = [inputType, outputType].map((type) => type === "f32" ? CUDA_R_32F : CUDA_R_16BF);
    const compute = inputType === "f32" && this.#tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    const operation = (transpose: boolean) => transpose ? CUBLAS_OP_T : CUBLAS_OP_N;
    const operations = [operation(shape.transposeB), operation(shape.transposeA)] as const;
    const { cublasGemmEx, cublasGemmStridedBatchedEx } = this.#library.symbols;
    const call = batch === 1 ? "cublasGemmEx" : "cublasGemmStridedBatchedEx";
    const code = batch === 1
      ? cublasGemmEx(
        ...[this.#handle, ...operations, n, m, k, this.#alphaBytes] as const,
        ...[b, input, strideB, a, input, strideA, this.#betaBytes] as const,
        ...[c, output, strideC, compute, CUBLAS_GEMM_DEFAULT] as const,
      )
      : cublasGemmStridedBatchedEx(
        ...[this.#handle, ...operations, n, m, k, this.#alphaBytes] as const,
        ...[b, input, strideB, BigInt(shape.batchStrideB)] as const,
        ...[a, input, strideA, BigInt(shape.batchStrideA), this.#betaBytes] as const,
        ...[c, output, strideC, BigInt(shape.batchStrideC), batch, compute, CUBLAS_GEMM_DEFAULT] as const,
      );
    if (code === CUBLAS_STATUS_NOT_SUPPORTED) return false;
    checkStatus(CUBLAS_STATUS, call, code, { m, n, k, batch });
    return true;
  }

  /** Closes the library; queued products must have ended. */
  [Symbol.dispose](): void {
    const code = this.#library.symbols.cublasDestroy_v2(this.#handle);
    this.#library.close();
    this.#ended(() => check("cublasDestroy", code));
  }
}

function check(call: string, code: number): void {
  checkStatus(CUBLAS_STATUS, call, code);
}
