import { Arena, type MemorySource } from "./arena.ts";
import { checkTransfer } from "./argument_check.ts";
import { checks } from "./operation_checks.ts";
import type {
  AdamwStepArguments,
  AddRmsNormArguments,
  AttentionArguments,
  AttentionBackwardArguments,
  AxpyArguments,
  BinaryArguments,
  ClipCoefficientArguments,
  CopyArguments,
  CopyRowsArguments,
  CrossEntropyArguments,
  EmbeddingArguments,
  EmbeddingBackwardArguments,
  FillArguments,
  InverseNormArguments,
  MatmulArguments,
  Operations,
  ReluSquaredArguments,
  ReluSquaredBackwardArguments,
  RmsNormArguments,
  RmsNormBackwardArguments,
  RopeArguments,
  ScaleArguments,
  SgdStepArguments,
  SiluArguments,
  SiluBackwardArguments,
  SoftmaxArguments,
  SoftmaxBackwardArguments,
  SumArguments,
  SwigluArguments,
  SwigluBackwardArguments,
} from "./operations.ts";
import { checkSample, type SampleArguments } from "./sample.ts";
import type { Block, DType, Slice } from "./slice.ts";

/**
 * What a kind of device implements: raw memory and the kernels. Only `Device` calls it, with arguments that it has
 * checked, so that kernels trust them. Calls are in order; a backend may queue work as long as `download`
 * and `synchronize` wait for what came before.
 */
export interface Backend extends Operations, Disposable {
  /** Short name: "reference", "cpu", "blas", "cuda", "meta". */
  readonly name: string;
  /** What it runs on, for people: threads, library, processor. */
  readonly description: string;
  /** Formats in which activations and weights may be stored. */
  readonly dtypes: readonly DType[];
  /** False if operations only count (MetaDevice), so that memory need not be filled with values. */
  readonly computes: boolean;
  /** Bytes whose multiples make matrix products faster as the length of a row; left out where any length is as good. */
  readonly rowBytes?: number;
  /**
   * All the memory that `reserve` gives out of, whatever is taken of it already; left out where there is no telling.
   */
  readonly memoryBytes?: number;
  /**
   * Reserves memory of at least one byte, aligned to 256 bytes; its content is undefined.
   *
   * @throws {RangeError} If the memory is not there, with the bytes asked and free.
   */
  reserve(bytes: number): Block;
  /** Takes back what `reserve` gave; work on it that is still queued is finished first. */
  unreserve(block: Block): void;
  /**
   * Writes `data` to `to`, equally long: Int32Array for i32, Float32Array for f32 and (rounded to nearest even) bf16.
   */
  upload(to: Slice, data: Float32Array | Int32Array): void;
  /** Reads `from` into `data`, equally long and typed as for `upload`. */
  download(from: Slice, data: Float32Array | Int32Array): void;
  /** Returns when all work is done. */
  synchronize(): void;
  /**
   * Where a backend can: records the operations that `work` calls, without running them. `work` reserves, uploads and
   * downloads nothing, and has run once before.
   */
  record?(work: () => void): Recording;
  /** Where a backend can: chooses tokens without reading logits back; see {@link SampleArguments}. */
  sample?(args: SampleArguments): void;
}

/** Operations that were recorded, on the memory that they were recorded with. */
export interface Recording extends Disposable {
  /** Queues all of them once more. */
  replay(): void;
}

/** What the operations that follow are part of, for whoever counts or measures them. */
export interface Scope {
  /** Part of the model, such as "layers.0.attn.qkv"; "" outside of a model. */
  component: string;
  /** Which pass. */
  phase: "forward" | "backward" | "update";
}

/** Bytes of a device's memory. */
export interface MemoryUse {
  /** Taken from the system by arenas. */
  reservedBytes: number;
  /** In slices handed out by arenas. */
  usedBytes: number;
  /** The largest `usedBytes` so far. */
  peakBytes: number;
}

/**
 * A device that computes: memory in arenas, operations on slices of it, and transfers. It checks every argument once,
 * here, and hands the call to its backend; it holds no numerics of its own. Synchronous, used from one thread.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = arena.alloc(3, "f32");
 * device.upload(x, new Float32Array([1, 2, 3]));
 * device.scale({ x, out: x, factor: 2 });
 * assertEquals(device.download(x), new Float32Array([2, 4, 6]));
 * ```
 */
export class Device implements Operations, MemorySource, Disposable {
  /** The memory and kernels behind this device. */
  readonly backend: Backend;
  /** What the operations that follow are part of; set by models, read by MetaDevice and profilers. */
  readonly scope: Scope = { component: "", phase: "forward" };
  /** Bytes reserved, used now, and used at most. */
  readonly memory: MemoryUse = { reservedBytes: 0, usedBytes: 0, peakBytes: 0 };
  #arenas = new Set<Arena>();
  #recording = false;

  /** Puts the checks and the arenas before a backend, which it owns from now on. */
  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Short name: "reference", "cpu", "blas", "cuda", "meta". */
  get name(): string {
    return this.backend.name;
  }

  /** Formats in which slices may be stored. */
  get dtypes(): readonly DType[] {
    return this.backend.dtypes;
  }

  /** False if operations only count, so that memory need not be filled with values. */
  get computes(): boolean {
    return this.backend.computes;
  }

  /**
   * Opens an arena; it ends with `using`, or with the device.
   *
   * @param name What the memory is for.
   * @param bytes Reserved at once; the arena takes more from the device when that is used up.
   */
  arena(name: string, bytes: number = 0): Arena {
    const arena = new Arena(this, name, bytes);
    this.#arenas.add(arena);
    return arena;
  }

  /** Ends the arenas and the backend with its threads and libraries. */
  [Symbol.dispose](): void {
    for (const arena of this.#arenas) arena[Symbol.dispose]();
    this.#arenas.clear();
    this.backend[Symbol.dispose]();
  }

  /** For arenas: takes memory from the backend. */
  takeBlock(bytes: number): Block {
    this.#refuseWhileRecording("take memory");
    const block = this.backend.reserve(bytes);
    this.memory.reservedBytes += block.bytes;
    return block;
  }

  /** For arenas: returns memory to the backend. */
  returnBlock(block: Block): void {
    this.memory.reservedBytes -= block.bytes;
    this.backend.unreserve(block);
  }

  /** For arenas: counts memory handed out. */
  allocated(_arena: Arena, bytes: number, _slice: Slice): void {
    this.memory.usedBytes += bytes;
    if (this.memory.usedBytes > this.memory.peakBytes) this.memory.peakBytes = this.memory.usedBytes;
  }

  /** For arenas: counts memory given back. */
  released(_arena: Arena, bytes: number, _slice?: Slice): void {
    this.memory.usedBytes -= bytes;
  }

  /** For arenas: forgets one that has ended. */
  ended(arena: Arena): void {
    this.#arenas.delete(arena);
  }

  /**
   * Writes numbers to device memory.
   *
   * @param to Where: f32 or bf16 (rounded) for a Float32Array, i32 for an Int32Array.
   * @throws {RangeError | TypeError} If length or type differ.
   */
  upload(to: Slice, data: Float32Array | Int32Array): void {
    checkTransfer(this, "upload", to, data);
    this.#refuseWhileRecording("upload");
    this.backend.upload(to, data);
  }

  /**
   * Reads numbers from device memory, after all work before.
   *
   * @param from What to read.
   * @param data Where to write them: an Int32Array for i32, a Float32Array (made if left out) for all else.
   * @returns `data`.
   * @throws {RangeError | TypeError} If length or type differ.
   */
  download(from: Slice): Float32Array<ArrayBuffer>;
  /** Reads into an array that is there. */
  download<T extends Float32Array | Int32Array>(from: Slice, data: T): T;
  download(from: Slice, data: Float32Array | Int32Array = new Float32Array(from.length)): Float32Array | Int32Array {
    checkTransfer(this, "download", from, data);
    this.#refuseWhileRecording("download");
    this.backend.download(from, data);
    return data;
  }

  /** Returns when all work is done. */
  synchronize(): void {
    this.backend.synchronize();
  }

  /** Whether `record()` is there. */
  get records(): boolean {
    return this.backend.record !== undefined;
  }

  /**
   * Records the operations that `work` calls, without running them, so that one call replays them all.
   *
   * @param work Reserves, uploads and downloads nothing, and has run once before. What changes between replays lies in
   * device memory.
   * @throws {Error} If the device cannot record (see `records`), or `work` does what a replay could not repeat.
   */
  record(work: () => void): Recording {
    if (this.backend.record === undefined) {
      throw new Error(`Cannot record: the device ${this.name} runs operations one by one; call them each time`);
    }
    this.#refuseWhileRecording("record");
    this.#recording = true;
    try {
      return this.backend.record(work);
    } finally {
      this.#recording = false;
    }
  }

  #refuseWhileRecording(what: string): void {
    if (!this.#recording) return;
    throw new Error(`Cannot ${what} while recording: a replay could not repeat it; ${what} before or after`);
  }

  /** Whether `sample()` is there. */
  get samples(): boolean {
    return this.backend.sample !== undefined;
  }

  /**
   * Chooses tokens in device memory; see {@link SampleArguments}.
   *
   * @throws {Error} If the device cannot (see `samples`).
   */
  sample(args: SampleArguments): void {
    checkSample(this, args);
    if (this.backend.sample === undefined) {
      throw new Error(`Cannot sample: the device ${this.name} does not; read the logits back and use a Sampler`);
    }
    this.backend.sample(args);
  }

  /** Matrix product; see {@link MatmulArguments}. */
  matmul(args: MatmulArguments): void {
    checks.matmul(this, args);
    this.backend.matmul(args);
  }

  /** Rows of a table by id; see {@link EmbeddingArguments}. */
  embedding(args: EmbeddingArguments): void {
    checks.embedding(this, args);
    this.backend.embedding(args);
  }

  /** Gradient of the table; see {@link EmbeddingBackwardArguments}. */
  embeddingBackward(args: EmbeddingBackwardArguments): void {
    checks.embeddingBackward(this, args);
    this.backend.embeddingBackward(args);
  }

  /** Root-mean-square normalization; see {@link RmsNormArguments}. */
  rmsNorm(args: RmsNormArguments): void {
    checks.rmsNorm(this, args);
    this.backend.rmsNorm(args);
  }

  /** Residual sum and its normalization; see {@link AddRmsNormArguments}. */
  addRmsNorm(args: AddRmsNormArguments): void {
    checks.addRmsNorm(this, args);
    this.backend.addRmsNorm(args);
  }

  /** Gradients of the normalization; see {@link RmsNormBackwardArguments}. */
  rmsNormBackward(args: RmsNormBackwardArguments): void {
    checks.rmsNormBackward(this, args);
    this.backend.rmsNormBackward(args);
  }

  /** Rotary position embedding and its gradient; see {@link RopeArguments}. */
  rope(args: RopeArguments): void {
    checks.rope(this, args);
    this.backend.rope(args);
  }

  /** Scaled dot-product attention; see {@link AttentionArguments}. */
  attention(args: AttentionArguments): void {
    checks.attention(this, args);
    this.backend.attention(args);
  }

  /** Gradients of attention; see {@link AttentionBackwardArguments}. */
  attentionBackward(args: AttentionBackwardArguments): void {
    checks.attentionBackward(this, args);
    this.backend.attentionBackward(args);
  }

  /** SiLU; see {@link SiluArguments}. */
  silu(args: SiluArguments): void {
    checks.silu(this, args);
    this.backend.silu(args);
  }

  /** Gradient of SiLU; see {@link SiluBackwardArguments}. */
  siluBackward(args: SiluBackwardArguments): void {
    checks.siluBackward(this, args);
    this.backend.siluBackward(args);
  }

  /** Squared ReLU; see {@link ReluSquaredArguments}. */
  reluSquared(args: ReluSquaredArguments): void {
    checks.reluSquared(this, args);
    this.backend.reluSquared(args);
  }

  /** Gradient of the squared ReLU; see {@link ReluSquaredBackwardArguments}. */
  reluSquaredBackward(args: ReluSquaredBackwardArguments): void {
    checks.reluSquaredBackward(this, args);
    this.backend.reluSquaredBackward(args);
  }

  /** Gated SiLU; see {@link SwigluArguments}. */
  swiglu(args: SwigluArguments): void {
    checks.swiglu(this, args);
    this.backend.swiglu(args);
  }

  /** Gradients of the gated SiLU; see {@link SwigluBackwardArguments}. */
  swigluBackward(args: SwigluBackwardArguments): void {
    checks.swigluBackward(this, args);
    this.backend.swigluBackward(args);
  }

  /** Softmax of rows; see {@link SoftmaxArguments}. */
  softmax(args: SoftmaxArguments): void {
    checks.softmax(this, args);
    this.backend.softmax(args);
  }

  /** Gradient of the softmax; see {@link SoftmaxBackwardArguments}. */
  softmaxBackward(args: SoftmaxBackwardArguments): void {
    checks.softmaxBackward(this, args);
    this.backend.softmaxBackward(args);
  }

  /** Cross entropy fused with its gradient; see {@link CrossEntropyArguments}. */
  crossEntropy(args: CrossEntropyArguments): void {
    checks.crossEntropy(this, args);
    this.backend.crossEntropy(args);
  }

  /** Sum; see {@link BinaryArguments}. */
  add(args: BinaryArguments): void {
    checks.add(this, args);
    this.backend.add(args);
  }

  /** Product, element by element; see {@link BinaryArguments}. */
  mul(args: BinaryArguments): void {
    checks.mul(this, args);
    this.backend.mul(args);
  }

  /** Multiple; see {@link ScaleArguments}. */
  scale(args: ScaleArguments): void {
    checks.scale(this, args);
    this.backend.scale(args);
  }

  /** Adds a multiple; see {@link AxpyArguments}. */
  axpy(args: AxpyArguments): void {
    checks.axpy(this, args);
    this.backend.axpy(args);
  }

  /** Sum of elements; see {@link SumArguments}. */
  sum(args: SumArguments): void {
    checks.sum(this, args);
    this.backend.sum(args);
  }

  /** Sum of squares; see {@link SumArguments}. */
  sumOfSquares(args: SumArguments): void {
    checks.sumOfSquares(this, args);
    this.backend.sumOfSquares(args);
  }

  /** Factor that clips a gradient's norm; see {@link ClipCoefficientArguments}. */
  clipCoefficient(args: ClipCoefficientArguments): void {
    checks.clipCoefficient(this, args);
    this.backend.clipCoefficient(args);
  }

  /** Reciprocal of a norm; see {@link InverseNormArguments}. */
  inverseNorm(args: InverseNormArguments): void {
    checks.inverseNorm(this, args);
    this.backend.inverseNorm(args);
  }

  /** AdamW; see {@link AdamwStepArguments}. */
  adamwStep(args: AdamwStepArguments): void {
    checks.adamwStep(this, args);
    this.backend.adamwStep(args);
  }

  /** Gradient descent; see {@link SgdStepArguments}. */
  sgdStep(args: SgdStepArguments): void {
    checks.sgdStep(this, args);
    this.backend.sgdStep(args);
  }

  /** Copy with conversion; see {@link CopyArguments}. */
  copy(args: CopyArguments): void {
    checks.copy(this, args);
    this.backend.copy(args);
  }

  /** Copy of strided rows; see {@link CopyRowsArguments}. */
  copyRows(args: CopyRowsArguments): void {
    checks.copyRows(this, args);
    this.backend.copyRows(args);
  }

  /** Constant; see {@link FillArguments}. */
  fill(args: FillArguments): void {
    checks.fill(this, args);
    this.backend.fill(args);
  }
}
