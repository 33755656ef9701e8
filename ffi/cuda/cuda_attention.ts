import type { AttentionArguments, AttentionBackwardArguments, AttentionOperand } from "../../lib/tensor/operations.ts";
import type { CudaRuntime } from "./cuda_runtime.ts";
import { attentionTiles, warpPerRow } from "./launch_configuration.ts";

const PLAIN_TILE = 32;
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
    const { batch, queryLength, numHeads, headSize } = args;
    const floats = PLAIN_TILE * (3 * headSize + 1 + PLAIN_TILE);
    this.#cuda.launch(
      `attention_plain_${plainSize(headSize)}`,
      args.q.slice.dtype,
      attentionTiles(queryLength, PLAIN_TILE, numHeads, batch, 4 * floats),
      this.#parameters(args),
    );
  }

  /** See `Operations.attentionBackward`. */
  backward(args: AttentionBackwardArguments): void {
    const { batch, queryLength, keyLength, numHeads, numKvHeads, headSize } = args;
    const { dtype } = args.q.slice;
    const rows = batch * numHeads * queryLength;
    const parameters = this.#parameters(args, args, this.#cuda.scratch(4 * rows));
    this.#cuda.launch("attention_delta", dtype, warpPerRow(rows), parameters);
    const operands = PLAIN_TILE * (4 * headSize + 2);
    this.#cuda.launch(
      `attention_backward_keys_plain_${plainSize(headSize)}`,
      dtype,
      attentionTiles(keyLength, PLAIN_TILE, numKvHeads, batch, 4 * (operands + 2 * PLAIN_TILE * PLAIN_TILE)),
      parameters,
    );
    this.#cuda.launch(
      `attention_backward_queries_plain_${plainSize(headSize)}`,
      dtype,
      attentionTiles(queryLength, PLAIN_TILE, numHeads, batch, 4 * (operands + PLAIN_TILE * PLAIN_TILE)),
      parameters,
    );
  }

  // The members of AttentionParameters in kernels/attention.cuh.
  #parameters(args: AttentionArguments, gradients?: AttentionBackwardArguments, delta = 0): number[] {
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
      args.batch,
    ];
  }
}

// The kernels are compiled for heads up to these sizes.
function plainSize(headSize: number): number {
  const size = [32, 64, 128, LARGEST_HEAD].find((largest) => headSize <= largest);
  if (size === undefined) {
    throw new RangeError(
      `Cannot run attention: headSize is ${headSize}; on CUDA it is at most ${LARGEST_HEAD}, use more heads`,
    );
  }
  return size;
}
