import type { Backend, Recording } from "../../lib/tensor/device.ts";
import type * as operations from "../../lib/tensor/operations.ts";
import type { SampleArguments } from "../../lib/tensor/sample.ts";
import { BYTES_PER_ELEMENT, type DType, type Slice } from "../../lib/tensor/slice.ts";
import { CudaAttention } from "./cuda_attention.ts";
import { CudaMatmul } from "./cuda_matmul.ts";
import { type CudaBlock, type CudaOptions, CudaRuntime } from "./cuda_runtime.ts";
import {
  blockPerRow,
  LARGEST_SHARES,
  oneThread,
  PACKET_BYTES,
  sampledRows,
  sortChunks,
  summedRows,
  sumShares,
  threadPerItem,
  threadPerItemOfRow,
  warpPerRow,
} from "./launch_configuration.ts";

/**
 * An NVIDIA GPU: kernels compiled at run time and matrix products by cuBLASLt, both from libraries that a CUDA machine
 * has. Stores float32 and bfloat16 and computes in float32; two runs agree bit for bit on the same GPU and libraries.
 */
export class CudaBackend implements Backend {
  /** "cuda". */
  readonly name = "cuda";
  /** The GPU and the versions of what it runs with. */
  readonly description: string;
  /** float32, int32 and bfloat16. */
  readonly dtypes: readonly DType[] = ["f32", "i32", "bf16"];
  /** True. */
  readonly computes = true;
  /** Tensor cores read 16 bytes at a time; for other rows cuBLAS has but slow kernels of older GPUs. */
  readonly rowBytes = 16;
  /** The GPU's, of which the driver and other processes have a part. */
  readonly memoryBytes: number;
  readonly #cuda: CudaRuntime;
  readonly #matmul: CudaMatmul;
  readonly #attention: CudaAttention;

  /**
   * Opens a GPU.
   *
   * @throws {LibraryNotFoundError} If a library is missing; the message lists where it was looked for.
   * @throws {CudaError} If there is no such GPU, or the driver is too old.
   */
  constructor(options: CudaOptions = {}) {
    const cuda = this.#cuda = new CudaRuntime(options);
    this.#matmul = new CudaMatmul(cuda);
    this.#attention = new CudaAttention(cuda);
    if (options.graphs ?? true) this.record = (work) => cuda.record(work);
    const { name, architecture, totalBytes } = cuda.properties;
    this.memoryBytes = totalBytes;
    this.description = `${name} (sm_${architecture}), driver for CUDA ${cuda.driver.versionText}, ` +
      `NVRTC ${cuda.nvrtc.version}, cuBLASLt ${cuda.cublasLt.version}`;
  }

  /** Takes GPU memory. */
  reserve(bytes: number): CudaBlock {
    return this.#cuda.reserve(bytes);
  }

  /** Returns GPU memory. */
  unreserve(block: CudaBlock): void {
    this.#cuda.unreserve(block);
  }

  /** Writes numbers of the host. */
  upload(to: Slice, data: Float32Array | Int32Array): void {
    this.#cuda.upload(to, data);
  }

  /** Reads numbers back, after all work before. */
  download(from: Slice, data: Float32Array | Int32Array): void {
    this.#cuda.download(from, data);
  }

  /** Waits for all work. */
  synchronize(): void {
    this.#cuda.synchronize();
  }

  /**
   * Records the operations that `work` calls, without running them, as one CUDA graph: replaying it costs one call.
   * Absent if `graphs` is false.
   */
  readonly record?: (work: () => void) => Recording;

  /** Milliseconds that the GPU takes for what `work` queues. */
  measure(work: () => void): number {
    return this.#cuda.measure(work);
  }

  /** Closes the GPU. */
  [Symbol.dispose](): void {
    this.#cuda[Symbol.dispose]();
  }

  /** See {@link operations.MatmulArguments}. */
  matmul(args: operations.MatmulArguments): void {
    this.#matmul.multiply(args);
  }

  /** See {@link operations.EmbeddingArguments}. */
  embedding({ ids, table, out, rows, columns, vocabSize }: operations.EmbeddingArguments): void {
    const packets = this.#packets([table, out], columns);
    this.#cuda.launch("embedding", table.dtype, threadPerItemOfRow(rows, columns / packets.unit), [
      ...[this.#at(ids), this.#at(table), this.#at(out), columns, vocabSize, packets.aligned],
    ]);
  }

  /** See {@link operations.EmbeddingBackwardArguments}. */
  embeddingBackward(args: operations.EmbeddingBackwardArguments): void {
    const { ids, dOut, dTable, rows, columns, vocabSize, accumulate } = args;
    const { keys, order } = this.#sortIds(ids, rows, vocabSize);
    if (!accumulate) this.fill({ x: dTable.sub(0, vocabSize * columns), value: 0 });
    this.#cuda.launch("embedding_backward", dOut.dtype, threadPerItemOfRow(rows, columns), [
      ...[keys, order, this.#at(dOut), this.#at(dTable), flag(dTable.dtype === "bf16")],
      ...[rows, columns, vocabSize, flag(accumulate)],
    ]);
  }

  // Addresses of the ids in increasing order and of the rows that they come from, equal ids in the order of rows.
  #sortIds(ids: Slice, rows: number, vocabSize: number): { keys: number; order: number } {
    const { count, places, move, counts: numCounts } = sortChunks(rows);
    const integers = Math.ceil(rows / 4) * 4;
    const scratch = this.#cuda.scratch(4 * (4 * integers + numCounts));
    let [keys, order, newKeys, newOrder] = [0, 1, 2, 3].map((i) => scratch + 4 * i * integers);
    const counts = scratch + 16 * integers;
    this.#cuda.launch("sort_begin", "f32", threadPerItem(rows), [this.#at(ids), keys, order, rows, vocabSize]);
    for (let shift = 0; vocabSize >>> shift > 0 && shift < 32; shift += 8) {
      this.#cuda.launch("sort_count", "f32", count, [keys, rows, shift, counts]);
      this.#cuda.launch("sort_places", "f32", places, [counts, numCounts]);
      this.#cuda.launch("sort_move", "f32", move, [
        ...[keys, order, rows, shift, counts, newKeys, newOrder],
      ]);
      [keys, order, newKeys, newOrder] = [newKeys, newOrder, keys, order];
    }
    return { keys, order };
  }

  /** See {@link operations.RmsNormArguments}. */
  rmsNorm({ x, weight, out, inverseRms, rows, columns, epsilon }: operations.RmsNormArguments): void {
    const { aligned } = this.#packets([x, weight, out], columns);
    this.#cuda.launch("rms_norm", x.dtype, warpPerRow(rows), [
      ...[x, weight, out, inverseRms].map(this.#at),
      ...[rows, columns, epsilon, aligned],
    ]);
  }

  /** See {@link operations.AddRmsNormArguments}. */
  addRmsNorm(args: operations.AddRmsNormArguments): void {
    const { a, b, sum, weight, out, inverseRms, rows, columns, epsilon } = args;
    const { aligned } = this.#packets([a, b, sum, weight, out], columns);
    this.#cuda.launch("add_rms_norm", a.dtype, warpPerRow(rows), [
      ...[a, b, sum, weight, out, inverseRms].map(this.#at),
      ...[rows, columns, epsilon, aligned],
    ]);
  }

  /** See {@link operations.RmsNormBackwardArguments}. */
  rmsNormBackward(args: operations.RmsNormBackwardArguments): void {
    const { x, weight, inverseRms, dOut, dX, dWeight, rows, columns, accumulateX, accumulateWeight } = args;
    const launches = summedRows(rows, columns);
    const [parts] = launches.rows.grid;
    const partial = this.#cuda.scratch(4 * parts * columns);
    const { aligned } = this.#packets([x, weight, dOut, dX], columns);
    this.#cuda.launch("rms_norm_backward", x.dtype, launches.rows, [
      ...[x, weight, inverseRms, dOut, dX].map(this.#at),
      ...[partial, rows, columns, flag(accumulateX), aligned],
    ]);
    this.#cuda.launch("rms_norm_backward_weight", x.dtype, launches.total, [
      ...[partial, parts, this.#at(dWeight), flag(dWeight.dtype === "bf16"), columns, flag(accumulateWeight)],
    ]);
  }

  /** See {@link operations.RopeArguments}. */
  rope(args: operations.RopeArguments): void {
    const { x, out, positions, cos, sin, rows, numPositions, heads, headSize, tableRows, strideX, strideOut } = args;
    const columns = heads * headSize;
    const { aligned, unit } = this.#packets([x, out, cos, sin], headSize, [strideX, strideOut]);
    this.#cuda.launch("rope", x.dtype, threadPerItemOfRow(rows, columns / (aligned ? unit : 2)), [
      ...[x, out, positions, cos, sin].map(this.#at),
      ...[numPositions, columns, headSize, tableRows, strideX, strideOut, flag(args.inverse), aligned],
    ]);
  }

  /** See {@link operations.AttentionArguments}. */
  attention(args: operations.AttentionArguments): void {
    this.#attention.forward(args);
  }

  /** See {@link operations.AttentionBackwardArguments}. */
  attentionBackward(args: operations.AttentionBackwardArguments): void {
    this.#attention.backward(args);
  }

  /** See {@link operations.SiluArguments}. */
  silu({ x, out }: operations.SiluArguments): void {
    this.#elementwise("silu", [x, out]);
  }

  /** See {@link operations.SiluBackwardArguments}. */
  siluBackward({ x, dOut, dX }: operations.SiluBackwardArguments): void {
    this.#elementwise("silu_backward", [x, dOut, dX]);
  }

  /** See {@link operations.ReluSquaredArguments}. */
  reluSquared({ x, out }: operations.ReluSquaredArguments): void {
    this.#elementwise("relu_squared", [x, out]);
  }

  /** See {@link operations.ReluSquaredBackwardArguments}. */
  reluSquaredBackward({ x, dOut, dX }: operations.ReluSquaredBackwardArguments): void {
    this.#elementwise("relu_squared_backward", [x, dOut, dX]);
  }

  /** See {@link operations.SwigluArguments}. */
  swiglu({ gate, up, out, rows, columns, stride }: operations.SwigluArguments): void {
    const packets = this.#packets([gate, up, out], columns, [stride]);
    this.#cuda.launch("swiglu", gate.dtype, threadPerItemOfRow(rows, columns / packets.unit), [
      ...[gate, up, out].map(this.#at),
      ...[columns, stride, packets.aligned],
    ]);
  }

  /** See {@link operations.SwigluBackwardArguments}. */
  swigluBackward(args: operations.SwigluBackwardArguments): void {
    const { gate, up, dOut, dGate, dUp, rows, columns, stride } = args;
    const packets = this.#packets([gate, up, dOut, dGate, dUp], columns, [stride]);
    this.#cuda.launch("swiglu_backward", gate.dtype, threadPerItemOfRow(rows, columns / packets.unit), [
      ...[gate, up, dOut, dGate, dUp].map(this.#at),
      ...[columns, stride, packets.aligned],
    ]);
  }

  /** See {@link operations.SoftmaxArguments}. */
  softmax({ x, out, rows, columns }: operations.SoftmaxArguments): void {
    const { aligned } = this.#packets([x, out], columns);
    this.#cuda.launch("softmax", x.dtype, blockPerRow(rows, columns), [this.#at(x), this.#at(out), columns, aligned]);
  }

  /** See {@link operations.SoftmaxBackwardArguments}. */
  softmaxBackward({ out, dOut, dX, rows, columns }: operations.SoftmaxBackwardArguments): void {
    const { aligned } = this.#packets([out, dOut, dX], columns);
    this.#cuda.launch("softmax_backward", out.dtype, blockPerRow(rows, columns), [
      ...[out, dOut, dX].map(this.#at),
      ...[columns, aligned],
    ]);
  }

  /** See {@link operations.CrossEntropyArguments}. */
  crossEntropy(args: operations.CrossEntropyArguments): void {
    const { logits, targets, losses, dLogits, scale, rows, columns } = args;
    const { aligned } = this.#packets([logits, dLogits ?? logits], columns);
    this.#cuda.launch("cross_entropy", logits.dtype, blockPerRow(rows, columns), [
      ...[logits, targets, losses, dLogits].map(this.#at),
      ...[scale, columns, aligned],
    ]);
  }

  /** See {@link operations.BinaryArguments}. */
  add({ a, b, out }: operations.BinaryArguments): void {
    this.#elementwise("add", [a, b, out]);
  }

  /** See {@link operations.BinaryArguments}. */
  mul({ a, b, out }: operations.BinaryArguments): void {
    this.#elementwise("mul", [a, b, out]);
  }

  /** See {@link operations.ScaleArguments}. */
  scale({ x, out, factor }: operations.ScaleArguments): void {
    const [number, memory] = typeof factor === "number" ? [factor, undefined] : [0, factor];
    this.#elementwise("scale", [x, out], [number, this.#at(memory)]);
  }

  /** See {@link operations.AxpyArguments}. */
  axpy({ x, y, factor }: operations.AxpyArguments): void {
    if (x.dtype === y.dtype) return this.#elementwise("axpy", [x, y], [factor]);
    const { aligned } = this.#packets([x, y], 0);
    this.#cuda.launch("axpy_to_float", x.dtype, this.#perPacket(x), [
      ...[this.#at(x), this.#at(y), x.length, aligned, factor],
    ]);
  }

  /** See {@link operations.SumArguments}. */
  sum(args: operations.SumArguments): void {
    this.#sum(args, 0);
  }

  /** See {@link operations.SumArguments}. */
  sumOfSquares(args: operations.SumArguments): void {
    this.#sum(args, 1);
  }

  #sum({ x, out, factor }: operations.SumArguments, squared: number): void {
    const { shares, total } = sumShares(x.length * BYTES_PER_ELEMENT[x.dtype] / PACKET_BYTES);
    const partial = this.#cuda.scratch(4 * LARGEST_SHARES);
    const { aligned } = this.#packets([x], 0);
    this.#cuda.launch("sum_part", x.dtype, shares, [this.#at(x), x.length, squared, aligned, partial]);
    this.#cuda.launch("sum_finish", "f32", total, [partial, shares.grid[0], factor, this.#at(out)]);
  }

  /** See {@link operations.ClipCoefficientArguments}. */
  clipCoefficient({ sumOfSquares, norm, coefficient, maxNorm }: operations.ClipCoefficientArguments): void {
    this.#cuda.launch("clip_coefficient", "f32", oneThread, [
      ...[sumOfSquares, norm, coefficient].map(this.#at),
      maxNorm,
    ]);
  }

  /** See {@link operations.InverseNormArguments}. */
  inverseNorm({ sumOfSquares, out, epsilon }: operations.InverseNormArguments): void {
    this.#cuda.launch("inverse_norm", "f32", oneThread, [this.#at(sumOfSquares), this.#at(out), epsilon]);
  }

  /** See {@link operations.AdamwStepArguments}. */
  adamwStep(args: operations.AdamwStepArguments): void {
    const { weights, gradients, firstMoments, secondMoments, rates, gradientScale, lowPrecisionWeights } = args;
    const { beta1, beta2, epsilon } = args;
    const read = [weights, gradients, firstMoments, secondMoments, lowPrecisionWeights];
    const aligned = read.every((slice) => this.#at(slice) % PACKET_BYTES === 0);
    this.#cuda.launch("adamw_step", gradients.dtype, threadPerItem(weights.length / 4), [
      ...[weights, gradients, firstMoments, secondMoments, rates, gradientScale].map(this.#at),
      ...[beta1, 1 - beta1, beta2, 1 - beta2, epsilon, this.#at(lowPrecisionWeights), weights.length, flag(aligned)],
    ]);
  }

  /** See {@link operations.SgdStepArguments}. */
  sgdStep({ weights, gradients, rate, gradientScale, lowPrecisionWeights }: operations.SgdStepArguments): void {
    this.#cuda.launch("sgd_step", gradients.dtype, threadPerItem(weights.length / 4), [
      ...[weights, gradients, rate, gradientScale, lowPrecisionWeights].map(this.#at),
      weights.length,
    ]);
  }

  /** See {@link operations.CopyArguments}. */
  copy({ source, destination }: operations.CopyArguments): void {
    const [from, to] = [source, destination].map(this.#at);
    if (source.dtype === destination.dtype) {
      const { driver, stream } = this.#cuda;
      const code = driver.symbols.cuMemcpyDtoDAsync_v2(BigInt(to), BigInt(from), BigInt(source.bytes), stream);
      driver.check("cuMemcpyDtoD", code, { bytes: source.bytes });
    } else {
      const kernel = source.dtype === "f32" ? "convert_from_float" : "convert_to_float";
      const values = [from, to, source.length, this.#packets([source, destination], 0).aligned];
      this.#cuda.launch(kernel, "bf16", threadPerItem(source.length * 2 / PACKET_BYTES), values);
    }
  }

  /** See {@link operations.CopyRowsArguments}. */
  copyRows(args: operations.CopyRowsArguments): void {
    const { source, destination, positions, batch, rows, columns, destinationRows } = args;
    const elementBytes = BYTES_PER_ELEMENT[source.dtype];
    const strides = [args.sourceStride, args.sourceBatchStride, args.destinationStride, args.destinationBatchStride];
    const whole = [...strides, columns].every((length) => length * elementBytes % PACKET_BYTES === 0) &&
      this.#at(source) % PACKET_BYTES === 0 && this.#at(destination) % PACKET_BYTES === 0;
    const unit = whole ? PACKET_BYTES / elementBytes : 1;
    const [sourceStride, sourceBatchStride, destinationStride, destinationBatchStride] = strides.map((s) => s / unit);
    this.#cuda.launch(`copy_rows_${unit * elementBytes}`, "f32", threadPerItemOfRow(batch * rows, columns / unit), [
      ...[this.#at(source), this.#at(destination), this.#at(positions), rows, columns / unit],
      ...[sourceStride, sourceBatchStride, destinationRows, destinationStride, destinationBatchStride],
    ]);
  }

  /** See {@link operations.FillArguments}. */
  fill({ x, value }: operations.FillArguments): void {
    const { driver, stream } = this.#cuda;
    const [address, length] = [BigInt(this.#at(x)), BigInt(x.length)];
    const bits = new DataView(new ArrayBuffer(4));
    if (x.dtype === "i32") bits.setInt32(0, value);
    else bits.setFloat32(0, value);
    if (x.dtype === "bf16") {
      const word = bits.getUint32(0);
      const rounded = Number.isNaN(value) ? 0x7fc0 : (word + 0x7fff + (word >>> 16 & 1)) >>> 16;
      driver.check("cuMemsetD16", driver.symbols.cuMemsetD16Async(address, rounded, length, stream));
    } else {
      driver.check("cuMemsetD32", driver.symbols.cuMemsetD32Async(address, bits.getUint32(0), length, stream));
    }
  }

  /** See {@link SampleArguments}. */
  sample({ logits, draws, tokens, rows, columns, temperature, topK, topP }: SampleArguments): void {
    this.#cuda.launch("sample", logits.dtype, sampledRows(rows), [
      ...[logits, draws, tokens].map(this.#at),
      ...[columns, temperature, topK, topP],
    ]);
  }

  // Address of a slice; 0, null in a kernel, for one that is left out.
  readonly #at = (slice: Slice | undefined): number => slice === undefined ? 0 : this.#cuda.address(slice);

  #elementwise(kernel: string, slices: readonly Slice[], more: readonly number[] = []): void {
    const [first] = slices;
    const { aligned } = this.#packets(slices, 0);
    this.#cuda.launch(kernel, first.dtype, this.#perPacket(first), [
      ...slices.map(this.#at),
      first.length,
      aligned,
      ...more,
    ]);
  }

  #perPacket(slice: Slice) {
    return threadPerItem(slice.length * BYTES_PER_ELEMENT[slice.dtype] / PACKET_BYTES);
  }

  // Whether rows divide into packets of 16 bytes that start at multiples of 16, and how many elements a thread then
  // takes.
  #packets(slices: readonly Slice[], columns: number, strides: readonly number[] = []) {
    const perPacket = PACKET_BYTES / BYTES_PER_ELEMENT[slices[0].dtype];
    const aligned = [columns, ...strides].every((length) => length % perPacket === 0) &&
      slices.every((slice) => this.#at(slice) % PACKET_BYTES === 0);
    return { aligned: flag(aligned), unit: aligned ? perPacket : 1 };
  }
}

function flag(value: boolean): number {
  return value ? 1 : 0;
}
