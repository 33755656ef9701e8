import type { Backend, Recording } from "../../lib/tensor/device.ts";
import type {
  AdamwStepArguments,
  AddRmsNormArguments,
  AttentionArguments,
  AttentionBackwardArguments,
  AttentionOperand,
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
} from "../../lib/tensor/operations.ts";
import type { Block, DType, Slice } from "../../lib/tensor/slice.ts";
import { compileKernels } from "./kernels.ts";
import { multiplyMatrices } from "./matmul.ts";
import { HEAP_BYTES, type HeapBlock, SharedHeap } from "./shared_heap.ts";
import { ThreadPool } from "./thread_pool.ts";
import { QUEUE_END } from "./work_queue.ts";
import { Workspace } from "./workspace.ts";

/** How the cpu device is opened. */
export interface CpuOptions {
  /** Threads that compute, the calling one included; the machine's processors if left out. 1 makes no Worker. */
  readonly threads?: number;
}

// A chunk of work takes some 10 microseconds or more, several times what handing it to another thread costs.
const ELEMENTS_PER_CHUNK = 1 << 15;

// Of keys that one query looks at, fewer are worth handing over: nothing else is done meanwhile.
const ONE_QUERY_ELEMENTS = 1 << 13;

// Sums are cut into blocks of this many elements, and gradients of a norm's weight into blocks of this many rows,
// whatever the number of threads: the order of additions depends on nothing else.
const SUM_BLOCK = 1 << 14;
const NORM_BLOCK_ROWS = 32;

/**
 * The cpu device's memory and kernels: one shared WebAssembly memory, SIMD kernels, and all processors. Float32 only.
 * Needs permission to read ffi/cpu (kernels and worker), and nothing else.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../../lib/tensor/device.ts";
 * using device = new Device(new CpuBackend({ threads: 2 }));
 * using arena = device.arena("example");
 * const x = arena.alloc(3, "f32");
 * device.upload(x, new Float32Array([1, 2, 3]));
 * device.scale({ x, out: x, factor: 2 });
 * assertEquals(device.download(x), new Float32Array([2, 4, 6]));
 * ```
 */
export class CpuBackend implements Backend {
  /** "cpu", or the name of what replaces its matrix product. */
  readonly name: string = "cpu";
  /** f32 for numbers, i32 for ids. */
  readonly dtypes: readonly DType[] = ["f32", "i32"];
  /** True. */
  readonly computes = true;
  /** Threads that compute, the calling one included. */
  readonly threads: number;
  /** What WebAssembly can address, whatever the machine has. */
  readonly memoryBytes = HEAP_BYTES;
  /** The memory that all threads share. */
  protected readonly heap: SharedHeap;
  readonly #relaxed: boolean;
  readonly #pool: ThreadPool;
  readonly #workspace: Workspace;

  /**
   * Compiles the kernels; Workers start when first needed.
   *
   * @throws {RangeError} If the number of threads is not a whole number from 1 to 256.
   */
  constructor({ threads = navigator.hardwareConcurrency }: CpuOptions = {}) {
    if (!Number.isInteger(threads) || threads < 1 || threads > 256) {
      throw new RangeError(`Cannot open the cpu device: threads is ${threads}; choose a whole number from 1 to 256`);
    }
    this.threads = threads;
    const kernels = compileKernels();
    this.#relaxed = kernels.relaxed;
    this.heap = new SharedHeap(QUEUE_END);
    this.#pool = new ThreadPool(this.heap, kernels, threads);
    this.#workspace = new Workspace(this.heap);
  }

  /** Instruction set and threads. */
  get description(): string {
    const threads = this.threads === 1 ? "1 thread" : `${this.threads} threads`;
    return `WebAssembly SIMD${this.#relaxed ? " with fused multiply-add" : ""}, ${threads}`;
  }

  /** Takes memory; see {@link SharedHeap.take}. */
  reserve(bytes: number): Block {
    return this.heap.take(bytes);
  }

  /** Returns memory. */
  unreserve(block: Block): void {
    this.heap.give(block as HeapBlock);
  }

  /** Writes numbers to memory. */
  upload(to: Slice, data: Float32Array | Int32Array): void {
    if (data instanceof Float32Array) new Float32Array(this.heap.memory.buffer, at(to), to.length).set(data);
    else new Int32Array(this.heap.memory.buffer, at(to), to.length).set(data);
  }

  /** Reads numbers from memory. */
  download(from: Slice, data: Float32Array | Int32Array): void {
    if (data instanceof Float32Array) data.set(new Float32Array(this.heap.memory.buffer, at(from), from.length));
    else data.set(new Int32Array(this.heap.memory.buffer, at(from), from.length));
  }

  /** Every operation is done when it returns. */
  synchronize(): void {}

  /** Keeps the kernels' calls with their arguments: replaying them leaves out all that led to them. */
  record(work: () => void): Recording {
    // Kept from the start: what the first operation recorded uses may be too small for a later one.
    this.#workspace.keep();
    let pieces: (() => void)[];
    try {
      pieces = this.#pool.record(work);
    } catch (error) {
      this.#workspace.release();
      throw error;
    }
    let isKept = true;
    return {
      replay: () => {
        if (!isKept) throw new Error("Cannot replay a recording: it was disposed of; record the work again");
        for (const piece of pieces) piece();
      },
      [Symbol.dispose]: () => {
        if (isKept) this.#workspace.release();
        isKept = false;
      },
    };
  }

  /** For a device that computes a part of its operations otherwise: does it, or records it. */
  protected perform(work: () => void): void {
    this.#pool.perform(work);
  }

  /** Ends the Workers. */
  [Symbol.dispose](): void {
    this.#pool[Symbol.dispose]();
  }

  /** Matrix product. */
  matmul(args: MatmulArguments): void {
    multiplyMatrices(this.#pool, this.#workspace, args, at(args.a), at(args.b), at(args.c));
  }

  /** Rows of a table. */
  embedding({ ids, table, out, rows, columns, vocabSize }: EmbeddingArguments): void {
    this.#pool.run("embedding", rows, rowsPerChunk(columns), at(ids), at(table), at(out), columns, vocabSize);
  }

  /** Gradient of the table. */
  embeddingBackward(args: EmbeddingBackwardArguments): void {
    const { ids, dOut, dTable, rows, columns, vocabSize, accumulate } = args;
    if (!accumulate) this.#pool.run("fill", dTable.length, ELEMENTS_PER_CHUNK, at(dTable), 0);
    this.#pool.run("embeddingBackward", columns, 64, at(ids), at(dOut), at(dTable), rows, columns, vocabSize);
  }

  /** Root-mean-square normalization. */
  rmsNorm({ x, weight, out, inverseRms, rows, columns, epsilon }: RmsNormArguments): void {
    const chunk = rowsPerChunk(columns);
    this.#pool.run("rmsNorm", rows, chunk, at(x), at(weight), at(out), at(inverseRms), columns, epsilon);
  }

  /** Residual sum and its normalization. */
  addRmsNorm({ a, b, sum, weight, out, inverseRms, rows, columns, epsilon }: AddRmsNormArguments): void {
    const results = [at(sum), at(weight), at(out), at(inverseRms)];
    this.#pool.run("addRmsNorm", rows, rowsPerChunk(columns), at(a), at(b), ...results, columns, epsilon);
  }

  /** Gradients of the normalization. */
  rmsNormBackward(args: RmsNormBackwardArguments): void {
    const { x, weight, inverseRms, dOut, dX, dWeight, rows, columns, accumulateX, accumulateWeight } = args;
    const blocks = Math.ceil(rows / NORM_BLOCK_ROWS);
    const partials = this.#workspace.need(blocks * columns * 4);
    const operands = [at(x), at(weight), at(inverseRms), at(dOut), at(dX), partials];
    this.#pool.run("rmsNormBackward", blocks, 1, ...operands, rows, columns, NORM_BLOCK_ROWS, Number(accumulateX));
    this.#pool.run("sumRows", columns, columns, partials, blocks, columns, at(dWeight), Number(accumulateWeight));
  }

  /** Rotary position embedding and its gradient. */
  rope(args: RopeArguments): void {
    const { numPositions, heads, headSize, tableRows, strideX, strideOut, inverse } = args;
    const operands = [at(args.x), at(args.out), at(args.positions), at(args.cos), at(args.sin)];
    const sizes = [numPositions, heads, headSize, tableRows, strideX * 4, strideOut * 4, Number(inverse)];
    this.#pool.run("rope", args.rows, rowsPerChunk(heads * headSize), ...operands, ...sizes);
  }

  /** Scaled dot-product attention. */
  attention(args: AttentionArguments): void {
    const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize, scale, causal, q, k, v, out } = args;
    const sizes = [queryLength, keyLength, numHeads, numKvHeads, headSize, scale, Number(causal), ...maskOf(args)];
    const operands = [...operandWords(q), ...operandWords(k), ...operandWords(v), ...operandWords(out)];
    // One key comes from a sequence of one token, in training too: there the scores are to be, to the last bit, those
    // that the backward pass computes again.
    if (queryLength === 1 && keyLength > 1) {
      this.#pool.needScratch(this.#pool.call("attentionOneQueryScratch", keyLength, numHeads));
      const perChunk = Math.ceil(Math.max(numHeads / this.threads, ONE_QUERY_ELEMENTS / (keyLength * headSize)));
      this.#pool.run("attentionOneQuery", batch * numHeads, perChunk, ...operands, at(args.logSumExp), ...sizes);
      return;
    }
    this.#pool.needScratch(this.#pool.call("attentionScratch", headSize));
    const items = batch * numHeads * this.#pool.call("attentionBlocks", queryLength);
    this.#pool.run("attention", items, 1, ...operands, at(args.logSumExp), ...sizes);
  }

  /** Gradients of attention. */
  attentionBackward(args: AttentionBackwardArguments): void {
    const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize, scale, causal } = args;
    const group = numHeads / numKvHeads;
    this.#pool.needScratch(this.#pool.call("attentionBackwardScratch", headSize, queryLength, group));
    const operands = [args.q, args.k, args.v, args.out, args.dOut, args.dQ, args.dK, args.dV].flatMap(operandWords);
    const table = this.#workspace.need(operands.length * 4);
    this.#pool.perform(() => new Uint32Array(this.heap.memory.buffer, table, operands.length).set(operands));
    const sizes = [queryLength, keyLength, numHeads, numKvHeads, headSize, scale, Number(causal), ...maskOf(args)];
    this.#pool.run("attentionBackward", batch * numKvHeads, 1, table, ...sizes, at(args.logSumExp));
  }

  /** SiLU. */
  silu({ x, out }: SiluArguments): void {
    this.#pool.run("silu", x.length, ELEMENTS_PER_CHUNK / 2, at(x), at(out));
  }

  /** Gradient of SiLU. */
  siluBackward({ x, dOut, dX }: SiluBackwardArguments): void {
    this.#pool.run("siluBackward", x.length, ELEMENTS_PER_CHUNK / 2, at(x), at(dOut), at(dX));
  }

  /** Squared ReLU. */
  reluSquared({ x, out }: ReluSquaredArguments): void {
    this.#pool.run("reluSquared", x.length, ELEMENTS_PER_CHUNK, at(x), at(out));
  }

  /** Gradient of the squared ReLU. */
  reluSquaredBackward({ x, dOut, dX }: ReluSquaredBackwardArguments): void {
    this.#pool.run("reluSquaredBackward", x.length, ELEMENTS_PER_CHUNK, at(x), at(dOut), at(dX));
  }

  /** Gated SiLU. */
  swiglu({ gate, up, out, rows, columns, stride }: SwigluArguments): void {
    const chunk = rowsPerChunk(2 * columns);
    this.#pool.run("swiglu", rows, chunk, at(gate), at(up), at(out), columns, stride * 4);
  }

  /** Gradients of the gated SiLU. */
  swigluBackward({ gate, up, dOut, dGate, dUp, rows, columns, stride }: SwigluBackwardArguments): void {
    const operands = [at(gate), at(up), at(dOut), at(dGate), at(dUp)];
    this.#pool.run("swigluBackward", rows, rowsPerChunk(2 * columns), ...operands, columns, stride * 4);
  }

  /** Softmax of rows. */
  softmax({ x, out, rows, columns }: SoftmaxArguments): void {
    this.#pool.run("softmax", rows, rowsPerChunk(2 * columns), at(x), at(out), columns);
  }

  /** Gradient of the softmax. */
  softmaxBackward({ out, dOut, dX, rows, columns }: SoftmaxBackwardArguments): void {
    this.#pool.run("softmaxBackward", rows, rowsPerChunk(columns), at(out), at(dOut), at(dX), columns);
  }

  /** Cross entropy fused with its gradient. */
  crossEntropy({ logits, targets, losses, dLogits, scale, rows, columns }: CrossEntropyArguments): void {
    const gradient = dLogits === undefined ? 0 : at(dLogits);
    const operands = [at(logits), at(targets), at(losses), gradient];
    this.#pool.run("crossEntropy", rows, rowsPerChunk(2 * columns), ...operands, columns, scale);
  }

  /** Sum. */
  add({ a, b, out }: BinaryArguments): void {
    this.#pool.run("add", a.length, ELEMENTS_PER_CHUNK, at(a), at(b), at(out));
  }

  /** Product, element by element. */
  mul({ a, b, out }: BinaryArguments): void {
    this.#pool.run("mul", a.length, ELEMENTS_PER_CHUNK, at(a), at(b), at(out));
  }

  /** Multiple. */
  scale({ x, out, factor }: ScaleArguments): void {
    const [value, address] = typeof factor === "number" ? [factor, 0] : [0, at(factor)];
    this.#pool.run("scale", x.length, ELEMENTS_PER_CHUNK, at(x), at(out), value, address);
  }

  /** Adds a multiple. */
  axpy({ x, y, factor }: AxpyArguments): void {
    this.#pool.run("axpy", x.length, ELEMENTS_PER_CHUNK, at(x), at(y), factor);
  }

  /** Sum of elements. */
  sum(args: SumArguments): void {
    this.#sum(args, false);
  }

  /** Sum of squares. */
  sumOfSquares(args: SumArguments): void {
    this.#sum(args, true);
  }

  #sum({ x, out, factor }: SumArguments, squares: boolean): void {
    const blocks = Math.ceil(x.length / SUM_BLOCK);
    const partials = this.#workspace.need(blocks * 8);
    this.#pool.run("partialSums", blocks, 4, at(x), x.length, SUM_BLOCK, Number(squares), partials);
    this.#pool.run("finishSum", 1, 1, partials, blocks, factor, at(out));
  }

  /** Factor that clips a gradient's norm. */
  clipCoefficient({ sumOfSquares, norm, coefficient, maxNorm }: ClipCoefficientArguments): void {
    this.#pool.run("clipCoefficient", 1, 1, at(sumOfSquares), at(norm), at(coefficient), maxNorm);
  }

  /** Reciprocal of a norm. */
  inverseNorm({ sumOfSquares, out, epsilon }: InverseNormArguments): void {
    this.#pool.run("inverseNorm", 1, 1, at(sumOfSquares), at(out), epsilon);
  }

  /** AdamW. */
  adamwStep(args: AdamwStepArguments): void {
    const { weights, gradients, firstMoments, secondMoments, rates, gradientScale, beta1, beta2, epsilon } = args;
    const operands = [at(weights), at(gradients), at(firstMoments), at(secondMoments), at(rates)];
    const scale = gradientScale === undefined ? 0 : at(gradientScale);
    this.#pool.run("adamwStep", weights.length, ELEMENTS_PER_CHUNK / 2, ...operands, scale, beta1, beta2, epsilon);
  }

  /** Gradient descent. */
  sgdStep({ weights, gradients, rate, gradientScale }: SgdStepArguments): void {
    const scale = gradientScale === undefined ? 0 : at(gradientScale);
    this.#pool.run("sgdStep", weights.length, ELEMENTS_PER_CHUNK, at(weights), at(gradients), at(rate), scale);
  }

  /** Copy. */
  copy({ source, destination }: CopyArguments): void {
    this.#pool.run("copy", source.length, ELEMENTS_PER_CHUNK, at(source), at(destination));
  }

  /** Copy of strided rows. */
  copyRows(args: CopyRowsArguments): void {
    const { source, destination, positions, batch, rows, columns } = args;
    const operands = [at(source), at(destination), positions === undefined ? 0 : at(positions)];
    const strides = [args.sourceStride * 4, args.sourceBatchStride * 4];
    const target = [args.destinationRows, args.destinationStride * 4, args.destinationBatchStride * 4];
    this.#pool.run("copyRows", batch * rows, rowsPerChunk(columns), ...operands, rows, columns, ...strides, ...target);
  }

  /** Constant. */
  fill({ x, value }: FillArguments): void {
    const bits = x.dtype === "f32" ? new Int32Array(new Float32Array([value]).buffer)[0] : value;
    this.#pool.run("fill", x.length, ELEMENTS_PER_CHUNK, at(x), bits);
  }
}

/** Address of a slice's first element in the device's memory. */
export function at(slice: Slice): number {
  return (slice.block as HeapBlock).address + slice.byteOffset;
}

function rowsPerChunk(columns: number): number {
  return Math.ceil(ELEMENTS_PER_CHUNK / columns);
}

// Address, row stride and batch stride in bytes.
function operandWords({ slice, rowStride, batchStride }: AttentionOperand): number[] {
  return [at(slice), rowStride * 4, batchStride * 4];
}

// Address of the mask and bytes from one sequence's mask to the next.
function maskOf({ mask, queryLength, keyLength, batch }: AttentionArguments): [number, number] {
  if (mask === undefined) return [0, 0];
  const perSequence = queryLength * keyLength;
  return [at(mask), batch > 1 && mask.length >= batch * perSequence ? perSequence * 4 : 0];
}
