import type { AttentionArguments, AttentionBackwardArguments, AttentionOperand } from "../../lib/tensor/operations.ts";
import { BYTES_PER_ELEMENT } from "../../lib/tensor/slice.ts";
import type { CudaRuntime } from "./cuda_runtime.ts";
import { hasTensorCoreKernels } from "./kernel_sources.ts";
import {
  attentionBackwardTiles,
  type AttentionKernels,
  attentionTiles,
  decodedHeads,
  lanesPerQuery,
  PACKET_BYTES,
} from "./launch_configuration.ts";

const LARGEST_HEAD = 256;

/** Queues the kernels of attention. */
export class CudaAttention {
  readonly #cuda: CudaRuntime;

  /** Attention on a GPU. */
  constructor(cuda: CudaRuntime) {
    this.#cuda = cuda;
  }

  /** See `Operations.attention`. */
  forward(args: AttentionArguments): void {
    const { batch, queryLength, keyLength, numHeads, headSize } = args;
    const { dtype } = args.q.slice;
    const parameters = this.#parameters(args);
    // One key comes from a sequence of one token, in training too: there the scores are to be, to the last bit, those
    // that the backward pass computes again.
    if (queryLength === 1 && keyLength > 1) {
      const heads = decodedHeads(numHeads, batch, headSize);
      this.#cuda.launch(`attention_decode_${plainSize(headSize)}`, dtype, heads, parameters);
    } else {
      const kernels = this.#kernels(args, [args.q, args.k, args.v, args.out]);
      this.#cuda.launch(`attention_${suffix(kernels, headSize)}`, dtype, attentionTiles(kernels, args), parameters);
    }
  }

  /** See `Operations.attentionBackward`. */
  backward(args: AttentionBackwardArguments): void {
    const { batch, queryLength, numHeads, headSize, q, k, v, dOut, dQ, dK, dV } = args;
    const { dtype } = q.slice;
    const delta = this.#cuda.scratch(4 * batch * numHeads * queryLength);
    const kernels = this.#kernels(args, [q, k, v, dOut, dQ, dK, dV]);
    // The plain kernels add up a row of dOut v^T from its first element to its last. With dOut out in the same order,
    // the score of a key that has all the weight, so that out is its value, gets no gradient, and no rounding error in
    // its place, which large queries and keys would multiply.
    const packets = kernels.kind === "plain" ? undefined : this.#packetsOfHead(args);
    const lanes = kernels.kind === "plain" ? 1 : packets ?? 32;
    const parameters = this.#parameters(args, args, { delta, lanes, packets: packets !== undefined });
    this.#cuda.launch("attention_delta", dtype, lanesPerQuery(lanes, args), parameters);
    const { keys, queries } = attentionBackwardTiles(kernels, args);
    this.#cuda.launch(`attention_backward_keys_${suffix(kernels, headSize)}`, dtype, keys, parameters);
    this.#cuda.launch(`attention_backward_queries_${suffix(kernels, headSize)}`, dtype, queries, parameters);
  }

  // The tensor-core kernels move 16 bytes at a time, know no mask, and take the largest score before it is scaled.
  #kernels({ headSize, mask, scale, q }: AttentionArguments, operands: readonly AttentionOperand[]): AttentionKernels {
    const { architecture } = this.#cuda.properties;
    const fits = q.slice.dtype === "bf16" && hasTensorCoreKernels("bf16", architecture) &&
      mask === undefined && scale > 0 && [32, 64, 128].includes(headSize) && this.#aligned(operands);
    return fits ? { kind: "tensor_core", architecture } : { kind: "plain" };
  }

  // Packets of a head, if they are aligned and so many lanes divide a warp.
  #packetsOfHead({ headSize, out, dOut }: AttentionBackwardArguments): number | undefined {
    const packets = headSize * BYTES_PER_ELEMENT[out.slice.dtype] / PACKET_BYTES;
    return [1, 2, 4, 8, 16, 32].includes(packets) && this.#aligned([out, dOut]) ? packets : undefined;
  }

  // Whether every row starts at a multiple of 16 bytes.
  #aligned(operands: readonly AttentionOperand[]): boolean {
    return operands.every(({ slice, rowStride, batchStride }) =>
      [this.#cuda.address(slice), ...[rowStride, batchStride].map((n) => n * BYTES_PER_ELEMENT[slice.dtype])]
        .every((bytes) => bytes % PACKET_BYTES === 0)
    );
  }

  // The members of AttentionParameters in kernels/attention.cuh.
  #parameters(
    args: AttentionArguments,
    gradients?: AttentionBackwardArguments,
    { delta, lanes, packets } = { delta: 0, lanes: 32, packets: false },
  ): number[] {
    const { q, k, v, out, logSumExp, mask, queryLength, keyLength, numHeads, numKvHeads } = args;
    const address = (operand?: AttentionOperand) => operand === undefined ? 0 : this.#cuda.address(operand.slice);
    const strides = (operand?: AttentionOperand) => [operand?.rowStride ?? 0, operand?.batchStride ?? 0];
    const { dOut, dQ, dK, dV } = gradients ?? {};
    const scores = queryLength * keyLength;
    return [
      ...[q, k, v, out].map(address),
      this.#cuda.address(logSumExp),
      mask === undefined ? 0 : this.#cuda.address(mask),
      ...[dOut, dQ, dK, dV].map(address),
      delta,
      ...[q, k, v, out, dOut, dQ, dK, dV].flatMap(strides),
      mask !== undefined && mask.length > scores ? scores : 0,
      queryLength,
      keyLength,
      numHeads,
      numKvHeads,
      args.headSize,
      args.causal ? 1 : 0,
      args.scale,
      lanes,
      packets ? 1 : 0,
    ];
  }
}

function suffix({ kind }: AttentionKernels, headSize: number): string {
  return `${kind}_${kind === "plain" ? plainSize(headSize) : headSize}`;
}

// The plain kernels are compiled for heads up to these sizes.
function plainSize(headSize: number): number {
  const size = [32, 64, 128, LARGEST_HEAD].find((largest) => headSize <= largest);
  if (size === undefined) {
    throw new RangeError(
      `Cannot run attention: headSize is ${headSize}; on CUDA it is at most ${LARGEST_HEAD}, use more heads`,
    );
  }
  return size;
}
