import { type CallDetails, checkStatus, CUBLAS_STATUS } from "./cuda_error.ts";
import {
  CUBLAS_COMPUTE_32F,
  CUBLAS_COMPUTE_32F_FAST_TF32,
  CUBLAS_OP_N,
  CUBLAS_OP_T,
  CUBLAS_STATUS_NOT_SUPPORTED,
  CUDA_R_16BF,
  CUDA_R_32F,
} from "./cublas_symbols.ts";
import * as lt from "./cublaslt_symbols.ts";
import { CUBLASLT_LIBRARY, type OpenLibrary, openLibrary } from "./find_library.ts";

/** A batch of row-major products c = alpha op(a) op(b) + beta c; everything but the addresses and factors. */
export interface MatmulShape {
  /** Rows of c. */
  readonly m: number;
  /** Columns of c. */
  readonly n: number;
  /** Length of the sums. */
  readonly k: number;
  /** Whether `a` is stored as [k, m]. */
  readonly transposeA: boolean;
  /** Whether `b` is stored as [n, k]. */
  readonly transposeB: boolean;
  /** Elements between stored rows. */
  readonly strideA: number;
  /** Elements between stored rows. */
  readonly strideB: number;
  /** Elements between rows. */
  readonly strideC: number;
  /** Number of products. */
  readonly batch: number;
  /** Elements between matrices. */
  readonly batchStrideA: number;
  /** Elements between matrices. */
  readonly batchStrideB: number;
  /** Elements between matrices. */
  readonly batchStrideC: number;
  /** Type of a and b. */
  readonly inputType: "f32" | "bf16";
  /** Type of c. */
  readonly outputType: "f32" | "bf16";
}

// What cuBLASLt needs for one shape; NO_ALGORITHM remembers that it offers nothing.
interface Plan {
  readonly descriptor: bigint;
  readonly layouts: readonly [bigint, bigint, bigint];
  readonly algorithm: Uint8Array<ArrayBuffer>;
}
const NO_ALGORITHM = Symbol("no algorithm");

/**
 * Matrix products by cuBLASLt. Matrices here are row-major and cuBLAS's are column-major, where a row-major matrix
 * appears transposed; so c^T = op(b)^T op(a)^T is asked for, with the operands swapped and nothing moved.
 */
export class CublasLt implements Disposable {
  /** Where the library was found. */
  readonly path: string;
  /** Its version: "13.1.0". */
  readonly version: string;
  readonly #library: OpenLibrary<typeof lt.cublasLtSymbols>;
  readonly #handle: bigint;
  readonly #plans = new Map<string, Plan | typeof NO_ALGORITHM>();
  readonly #tf32: boolean;
  readonly #workspace: { address: bigint; bytes: number };
  readonly #isRecording: () => boolean;
  readonly #ended: (free: () => void) => void;
  readonly #alpha = new Float32Array(1);
  readonly #alphaBytes = new Uint8Array(this.#alpha.buffer);
  readonly #beta = new Float32Array(1);
  readonly #betaBytes = new Uint8Array(this.#beta.buffer);

  /**
   * Opens the library; a context must be current.
   *
   * @param options.path The library; looked for if left out.
   * @param options.newestMajor The newest major version of CUDA that the driver supports.
   * @param options.tf32 Whether float32 products may round their operands to TF32 (10 bits of mantissa).
   * @param options.workspace Device memory that the products share, one after another.
   * @param options.isRecording Whether a stream is captured now, when some versions of the library choose no algorithm.
   * @param options.ended Passes over what belongs to the context once that is lost: `Driver.ended`.
   * @throws {LibraryNotFoundError} If there is none.
   */
  constructor(
    options: {
      path?: string | undefined;
      newestMajor?: number;
      tf32: boolean;
      workspace: { address: bigint; bytes: number };
      isRecording: () => boolean;
      ended: (free: () => void) => void;
    },
  ) {
    this.#library = openLibrary(CUBLASLT_LIBRARY, lt.cublasLtSymbols, options);
    this.path = this.#library.path;
    this.#tf32 = options.tf32;
    this.#workspace = options.workspace;
    this.#isRecording = options.isRecording;
    this.#ended = options.ended;
    try {
      this.version = cublasVersion(Number(this.#library.symbols.cublasLtGetVersion()));
      const handle = new BigUint64Array(1);
      check("cublasLtCreate", this.#library.symbols.cublasLtCreate(new Uint8Array(handle.buffer)));
      this.#handle = handle[0];
    } catch (error) {
      this.#library.close();
      throw error;
    }
  }

  /**
   * Queues a product on a stream.
   *
   * @throws {Error} If the first product of its shape and alignment is being recorded.
   * @returns False if cuBLASLt offers no algorithm for the shape and alignment; then nothing is queued.
   */
  matmul(
    shape: MatmulShape,
    addresses: { a: bigint; b: bigint; c: bigint },
    factors: { alpha: number; beta: number },
    stream: bigint,
  ): boolean {
    const { a, b, c } = addresses;
    const alignments = [alignment(b), alignment(a), alignment(c)];
    const key = Object.values(shape).join() + alignments.join();
    let plan = this.#plans.get(key);
    if (plan === undefined) {
      if (this.#isRecording()) {
        throw new Error(
          `Cannot choose an algorithm for a product of ${shape.m} x ${shape.n} x ${shape.k} while recording; ` +
            `run the same work once before recording it`,
        );
      }
      plan = this.#plan(shape, alignments);
      this.#plans.set(key, plan);
    }
    if (plan === NO_ALGORITHM) return false;
    this.#alpha[0] = factors.alpha;
    this.#beta[0] = factors.beta;
    const [layoutB, layoutA, layoutC] = plan.layouts;
    const code = this.#library.symbols.cublasLtMatmul(
      this.#handle,
      plan.descriptor,
      this.#alphaBytes,
      b,
      layoutB,
      a,
      layoutA,
      this.#betaBytes,
      c,
      layoutC,
      c,
      layoutC,
      plan.algorithm,
      this.#workspace.address,
      BigInt(this.#workspace.bytes),
      stream,
    );
    if (code !== 0) check("cublasLtMatmul", code, { m: shape.m, n: shape.n, k: shape.k, batch: shape.batch });
    return true;
  }

  #plan(shape: MatmulShape, alignments: readonly number[]): Plan | typeof NO_ALGORITHM {
    const { symbols } = this.#library;
    const created = new BigUint64Array(1);
    const createdBytes = new Uint8Array(created.buffer);
    const computeType = shape.inputType === "f32" && this.#tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F;
    check("cublasLtMatmulDescCreate", symbols.cublasLtMatmulDescCreate(createdBytes, computeType, CUDA_R_32F));
    const descriptor = created[0];
    for (
      const [attribute, transpose] of [
        [lt.CUBLASLT_MATMUL_DESC_TRANSA, shape.transposeB],
        [lt.CUBLASLT_MATMUL_DESC_TRANSB, shape.transposeA],
      ] as const
    ) {
      const operation = int32(transpose ? CUBLAS_OP_T : CUBLAS_OP_N);
      check(
        "cublasLtMatmulDescSetAttribute",
        symbols.cublasLtMatmulDescSetAttribute(descriptor, attribute, operation, 4n),
      );
    }

    const layout = (type: "f32" | "bf16", rows: number, columns: number, stride: number, batchStride: number) => {
      check(
        "cublasLtMatrixLayoutCreate",
        symbols.cublasLtMatrixLayoutCreate(
          createdBytes,
          type === "f32" ? CUDA_R_32F : CUDA_R_16BF,
          BigInt(columns),
          BigInt(rows),
          BigInt(stride),
        ),
        { rows, columns, stride },
      );
      const handle = created[0];
      if (shape.batch > 1) {
        const set = (attribute: number, value: Uint8Array<ArrayBuffer>) =>
          check(
            "cublasLtMatrixLayoutSetAttribute",
            symbols.cublasLtMatrixLayoutSetAttribute(handle, attribute, value, BigInt(value.length)),
          );
        set(lt.CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, int32(shape.batch));
        set(lt.CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, int64(batchStride));
      }
      return handle;
    };
    const { m, n, k, transposeA, transposeB, inputType, outputType } = shape;
    const layouts = [
      layout(inputType, transposeB ? n : k, transposeB ? k : n, shape.strideB, shape.batchStrideB),
      layout(inputType, transposeA ? k : m, transposeA ? m : k, shape.strideA, shape.batchStrideA),
      layout(outputType, m, n, shape.strideC, shape.batchStrideC),
    ] as const;

    const algorithm = this.#algorithm(descriptor, layouts, alignments, outputType);
    if (algorithm !== undefined) return { descriptor, layouts, algorithm };
    this.#destroy(descriptor, layouts);
    return NO_ALGORITHM;
  }

  // The first choice of cuBLASLt's heuristics. They assume 256 bytes of alignment unless told otherwise, and that parts
  // of a sum may be rounded to the output's type before they are added.
  #algorithm(
    descriptor: bigint,
    [layoutB, layoutA, layoutC]: Plan["layouts"],
    [alignmentB, alignmentA, alignmentC]: readonly number[],
    outputType: MatmulShape["outputType"],
  ): Uint8Array<ArrayBuffer> | undefined {
    const { symbols } = this.#library;
    const created = new BigUint64Array(1);
    check(
      "cublasLtMatmulPreferenceCreate",
      symbols.cublasLtMatmulPreferenceCreate(new Uint8Array(created.buffer)),
    );
    const preference = created[0];
    try {
      const set = (attribute: number, value: Uint8Array<ArrayBuffer>) =>
        check(
          "cublasLtMatmulPreferenceSetAttribute",
          symbols.cublasLtMatmulPreferenceSetAttribute(preference, attribute, value, BigInt(value.length)),
        );
      set(lt.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, int64(this.#workspace.bytes));
      if (outputType === "bf16") {
        const schemes = int32(lt.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
        set(lt.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, schemes);
      }
      set(lt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, int32(alignmentB));
      set(lt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, int32(alignmentA));
      set(lt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, int32(alignmentC));
      set(lt.CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, int32(alignmentC));
      const result = new Uint8Array(lt.HEURISTIC_RESULT_BYTES);
      const found = new Int32Array(1);
      const code = symbols.cublasLtMatmulAlgoGetHeuristic(
        this.#handle,
        descriptor,
        layoutB,
        layoutA,
        layoutC,
        layoutC,
        preference,
        1,
        result,
        new Uint8Array(found.buffer),
      );
      if (code === CUBLAS_STATUS_NOT_SUPPORTED) return undefined;
      check("cublasLtMatmulAlgoGetHeuristic", code);
      const state = new DataView(result.buffer).getInt32(lt.HEURISTIC_RESULT_STATE, true);
      return found[0] > 0 && state === 0 ? result.slice(0, lt.ALGORITHM_BYTES) : undefined;
    } finally {
      check("cublasLtMatmulPreferenceDestroy", symbols.cublasLtMatmulPreferenceDestroy(preference));
    }
  }

  #destroy(descriptor: bigint, layouts: readonly bigint[]): void {
    const { symbols } = this.#library;
    check("cublasLtMatmulDescDestroy", symbols.cublasLtMatmulDescDestroy(descriptor));
    for (const layout of layouts) {
      check("cublasLtMatrixLayoutDestroy", symbols.cublasLtMatrixLayoutDestroy(layout));
    }
  }

  /** Frees the plans and closes the library; queued products must have ended. */
  [Symbol.dispose](): void {
    for (const plan of this.#plans.values()) {
      if (plan !== NO_ALGORITHM) this.#destroy(plan.descriptor, plan.layouts);
    }
    this.#plans.clear();
    const code = this.#library.symbols.cublasLtDestroy(this.#handle);
    this.#library.close();
    this.#ended(() => check("cublasLtDestroy", code));
  }
}

function check(call: string, code: number, details?: CallDetails): void {
  checkStatus(CUBLAS_STATUS, call, code, details);
}

// The largest power of two, at most 256, that divides an address.
function alignment(address: bigint): number {
  const low = Number(address & 255n);
  return low === 0 ? 256 : low & -low;
}

function int32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Int32Array.of(value).buffer);
}

function int64(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BigInt64Array.of(BigInt(value)).buffer);
}

/** The text of a version as cuBLAS counts it: "13.1.0" for 130100. */
export function cublasVersion(version: number): string {
  return `${Math.floor(version / 10_000)}.${Math.floor(version / 100) % 100}.${version % 100}`;
}
