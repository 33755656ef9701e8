import type { MatmulArguments } from "../../lib/tensor/operations.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import type { MatmulShape } from "./cublaslt.ts";
import type { CudaRuntime } from "./cuda_runtime.ts";
import { productTiles } from "./launch_configuration.ts";

/**
 * Queues matrix products: by cuBLASLt; by cuBLAS where that offers no algorithm; by an own kernel where both do not.
 */
export class CudaMatmul {
  readonly #cuda: CudaRuntime;

  /** Products on a GPU. */
  constructor(cuda: CudaRuntime) {
    this.#cuda = cuda;
  }

  /** See `Operations.matmul`. */
  multiply(args: MatmulArguments): void {
    const { a, b, c, m, n, k, transposeA = false, transposeB = false, alpha = 1, beta = 0, batch = 1 } = args;
    const { strideA = transposeA ? m : k, strideB = transposeB ? k : n, strideC = n } = args;
    const { batchStrideA = 0, batchStrideB = 0, batchStrideC = 0 } = args;
    const cuda = this.#cuda;
    const at = (slice: Slice) => cuda.address(slice);
    const addresses = { a: BigInt(at(a)), b: BigInt(at(b)), c: BigInt(at(c)) };
    const shape: MatmulShape = {
      ...{ m, n, k, transposeA, transposeB, strideA, strideB, strideC, batch },
      ...{ batchStrideA, batchStrideB, batchStrideC },
      inputType: a.dtype === "bf16" ? "bf16" : "f32",
      outputType: c.dtype === "bf16" ? "bf16" : "f32",
    };
    if (cuda.cublasLt.matmul(shape, addresses, { alpha, beta }, cuda.stream)) return;
    if (cuda.cublas()?.matmul(shape, addresses, { alpha, beta })) return;
    const flags = [c.dtype === "bf16", transposeA, transposeB].map(Number);
    cuda.launch("matmul", a.dtype, productTiles(m, n, batch), [
      ...[at(a), at(b), at(c), flags[0], m, n, k, flags[1], flags[2]],
      ...[alpha, beta, strideA, strideB, strideC, batchStrideA, batchStrideB, batchStrideC],
    ]);
  }
}
