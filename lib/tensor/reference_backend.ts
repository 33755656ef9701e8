import type { Backend } from "./device.ts";
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
import { referenceAttention, referenceAttentionBackward } from "./reference_attention.ts";
import type { Block, DType, Slice } from "./slice.ts";

/** Memory of the reference backend. */
export interface ReferenceBlock extends Block {
  /** One number for every four bytes. */
  values: Float64Array;
}

/**
 * The operations as their definitions read, in float64 and without any thought of speed: what every other backend is
 * compared with. Memory holds float64 for f32 and i32 alike; only upload and download know float32.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = arena.alloc(2, "f32");
 * device.fill({ x, value: 0.1 });
 * assertEquals(device.download(x)[0], Math.fround(0.1));
 * ```
 */
export class ReferenceBackend implements Backend {
  /** "reference". */
  readonly name = "reference";
  /** What it is. */
  readonly description = "definitions in float64";
  /** f32 and i32. */
  readonly dtypes: readonly DType[] = ["f32", "i32"];
  /** True. */
  readonly computes = true;

  /** The float64 numbers of a slice, in place: what a finite-difference test perturbs. */
  readonly view = (slice: Slice): Float64Array =>
    (slice.block as ReferenceBlock).values.subarray(slice.byteOffset / 4, slice.byteOffset / 4 + slice.length);

  reserve(bytes: number): ReferenceBlock {
    // NaN, so that whoever reads what nobody wrote finds out.
    return { bytes, values: new Float64Array(Math.ceil(bytes / 4)).fill(NaN) };
  }

  unreserve(block: Block): void {
    (block as ReferenceBlock).values = new Float64Array(0);
  }

  upload(to: Slice, data: Float32Array | Int32Array): void {
    this.view(to).set(data);
  }

  download(from: Slice, data: Float32Array | Int32Array): void {
    data.set(this.view(from));
  }

  synchronize(): void {}

  /** Nothing to end: memory is collected. */
  [Symbol.dispose](): void {}

  matmul(args: MatmulArguments): void {
    const { m, n, k, transposeA = false, transposeB = false, alpha = 1, beta = 0, batch = 1 } = args;
    const { strideA = transposeA ? m : k, strideB = transposeB ? k : n, strideC = n } = args;
    const { batchStrideA = 0, batchStrideB = 0, batchStrideC = 0 } = args;
    const [a, b, c] = [args.a, args.b, args.c].map(this.view);
    for (let matrix = 0; matrix < batch; matrix++) {
      for (let i = 0; i < m; i++) {
        for (let j = 0; j < n; j++) {
          let sum = 0;
          for (let l = 0; l < k; l++) {
            sum += a[matrix * batchStrideA + (transposeA ? l * strideA + i : i * strideA + l)] *
              b[matrix * batchStrideB + (transposeB ? j * strideB + l : l * strideB + j)];
          }
          const at = matrix * batchStrideC + i * strideC + j;
          c[at] = alpha * sum + (beta === 0 ? 0 : beta * c[at]);
        }
      }
    }
  }

  embedding(args: EmbeddingArguments): void {
    const { rows, columns, vocabSize } = args;
    const [ids, table, out] = [args.ids, args.table, args.out].map(this.view);
    for (let row = 0; row < rows; row++) {
      const target = out.subarray(row * columns, (row + 1) * columns);
      if (ids[row] < 0 || ids[row] >= vocabSize) target.fill(NaN);
      else target.set(table.subarray(ids[row] * columns, (ids[row] + 1) * columns));
    }
  }

  embeddingBackward(args: EmbeddingBackwardArguments): void {
    const { rows, columns, vocabSize, accumulate } = args;
    const [ids, dOut, dTable] = [args.ids, args.dOut, args.dTable].map(this.view);
    if (!accumulate) dTable.fill(0, 0, vocabSize * columns);
    for (let row = 0; row < rows; row++) {
      if (ids[row] < 0 || ids[row] >= vocabSize) continue;
      for (let i = 0; i < columns; i++) dTable[ids[row] * columns + i] += dOut[row * columns + i];
    }
  }

  rmsNorm(args: RmsNormArguments): void {
    const { rows, columns, epsilon } = args;
    const [x, weight, out, inverseRms] = [args.x, args.weight, args.out, args.inverseRms].map(this.view);
    for (let row = 0; row < rows; row++) {
      let squares = 0;
      for (let i = 0; i < columns; i++) squares += x[row * columns + i] ** 2;
      inverseRms[row] = 1 / Math.sqrt(squares / columns + epsilon);
      for (let i = 0; i < columns; i++) out[row * columns + i] = x[row * columns + i] * inverseRms[row] * weight[i];
    }
  }

  addRmsNorm({ a, b, sum, rows, columns, ...norm }: AddRmsNormArguments): void {
    const length = rows * columns;
    this.add({ a: a.sub(0, length), b: b.sub(0, length), out: sum.sub(0, length) });
    this.rmsNorm({ x: sum, rows, columns, ...norm });
  }

  rmsNormBackward(args: RmsNormBackwardArguments): void {
    const { rows, columns, accumulateX, accumulateWeight } = args;
    const [x, weight, inverseRms] = [args.x, args.weight, args.inverseRms].map(this.view);
    const [dOut, dX, dWeight] = [args.dOut, args.dX, args.dWeight].map(this.view);
    if (!accumulateWeight) dWeight.fill(0, 0, columns);
    for (let row = 0; row < rows; row++) {
      const [at, inverse] = [row * columns, inverseRms[row]];
      let dot = 0;
      for (let i = 0; i < columns; i++) {
        dot += dOut[at + i] * weight[i] * x[at + i];
        dWeight[i] += dOut[at + i] * x[at + i] * inverse;
      }
      for (let i = 0; i < columns; i++) {
        const gradient = inverse * (dOut[at + i] * weight[i] - x[at + i] * inverse ** 2 * dot / columns);
        dX[at + i] = gradient + (accumulateX ? dX[at + i] : 0);
      }
    }
  }

  rope(args: RopeArguments): void {
    const { rows, numPositions, heads, headSize, tableRows, strideX, strideOut, inverse } = args;
    const [x, out, positions, cos, sin] = [args.x, args.out, args.positions, args.cos, args.sin].map(this.view);
    const half = headSize / 2;
    for (let row = 0; row < rows; row++) {
      const position = positions[row % numPositions];
      const known = position >= 0 && position < tableRows;
      for (let pair = 0; pair < heads * half; pair++) {
        const entry = position * half + pair % half;
        const c = known ? cos[entry] : NaN;
        const s = known ? (inverse ? -sin[entry] : sin[entry]) : NaN;
        const [a, b] = [x[row * strideX + 2 * pair], x[row * strideX + 2 * pair + 1]];
        out[row * strideOut + 2 * pair] = a * c - b * s;
        out[row * strideOut + 2 * pair + 1] = a * s + b * c;
      }
    }
  }

  attention(args: AttentionArguments): void {
    referenceAttention(this.view, args);
  }

  attentionBackward(args: AttentionBackwardArguments): void {
    referenceAttentionBackward(this.view, args);
  }

  silu(args: SiluArguments): void {
    const [x, out] = [args.x, args.out].map(this.view);
    for (let i = 0; i < x.length; i++) out[i] = x[i] * sigmoid(x[i]);
  }

  siluBackward(args: SiluBackwardArguments): void {
    const [x, dOut, dX] = [args.x, args.dOut, args.dX].map(this.view);
    for (let i = 0; i < x.length; i++) dX[i] = dOut[i] * siluSlope(x[i]);
  }

  reluSquared(args: ReluSquaredArguments): void {
    const [x, out] = [args.x, args.out].map(this.view);
    for (let i = 0; i < x.length; i++) out[i] = Math.max(0, x[i]) ** 2;
  }

  reluSquaredBackward(args: ReluSquaredBackwardArguments): void {
    const [x, dOut, dX] = [args.x, args.dOut, args.dX].map(this.view);
    for (let i = 0; i < x.length; i++) dX[i] = dOut[i] * 2 * Math.max(0, x[i]);
  }

  swiglu(args: SwigluArguments): void {
    const { rows, columns, stride } = args;
    const [gate, up, out] = [args.gate, args.up, args.out].map(this.view);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) {
        const at = row * stride + i;
        out[row * columns + i] = gate[at] * sigmoid(gate[at]) * up[at];
      }
    }
  }

  swigluBackward(args: SwigluBackwardArguments): void {
    const { rows, columns, stride } = args;
    const [gate, up, dOut, dGate, dUp] = [args.gate, args.up, args.dOut, args.dGate, args.dUp].map(this.view);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < columns; i++) {
        const at = row * stride + i;
        const [g, u, d] = [gate[at], up[at], dOut[row * columns + i]];
        dGate[at] = d * u * siluSlope(g);
        dUp[at] = d * g * sigmoid(g);
      }
    }
  }

  softmax(args: SoftmaxArguments): void {
    const { rows, columns } = args;
    const [x, out] = [args.x, args.out].map(this.view);
    for (let row = 0; row < rows; row++) {
      const source = x.subarray(row * columns, (row + 1) * columns);
      const { largest, total } = exponentials(source);
      for (let i = 0; i < columns; i++) out[row * columns + i] = Math.exp(source[i] - largest) / total;
    }
  }

  softmaxBackward(args: SoftmaxBackwardArguments): void {
    const { rows, columns } = args;
    const [out, dOut, dX] = [args.out, args.dOut, args.dX].map(this.view);
    for (let row = 0; row < rows; row++) {
      let dot = 0;
      for (let i = row * columns; i < (row + 1) * columns; i++) dot += dOut[i] * out[i];
      for (let i = row * columns; i < (row + 1) * columns; i++) dX[i] = out[i] * (dOut[i] - dot);
    }
  }

  crossEntropy(args: CrossEntropyArguments): void {
    const { rows, columns, scale } = args;
    const [logits, targets, losses] = [args.logits, args.targets, args.losses].map(this.view);
    const dLogits = args.dLogits === undefined ? undefined : this.view(args.dLogits);
    for (let row = 0; row < rows; row++) {
      const known = targets[row] >= 0 && targets[row] < columns;
      const source = logits.subarray(row * columns, (row + 1) * columns);
      const { largest, total } = exponentials(source);
      losses[row] = known ? Math.log(total) - (source[targets[row]] - largest) : NaN;
      if (dLogits === undefined) continue;
      for (let i = 0; i < columns; i++) {
        const probability = Math.exp(source[i] - largest) / total;
        dLogits[row * columns + i] = known ? scale * (probability - (i === targets[row] ? 1 : 0)) : NaN;
      }
    }
  }

  add(args: BinaryArguments): void {
    const [a, b, out] = [args.a, args.b, args.out].map(this.view);
    for (let i = 0; i < out.length; i++) out[i] = a[i] + b[i];
  }

  mul(args: BinaryArguments): void {
    const [a, b, out] = [args.a, args.b, args.out].map(this.view);
    for (let i = 0; i < out.length; i++) out[i] = a[i] * b[i];
  }

  scale(args: ScaleArguments): void {
    const [x, out] = [args.x, args.out].map(this.view);
    const factor = typeof args.factor === "number" ? args.factor : this.view(args.factor)[0];
    for (let i = 0; i < out.length; i++) out[i] = factor * x[i];
  }

  axpy({ x, y, factor }: AxpyArguments): void {
    const [from, to] = [x, y].map(this.view);
    for (let i = 0; i < to.length; i++) to[i] += factor * from[i];
  }

  sum({ x, out, factor }: SumArguments): void {
    this.view(out)[0] = factor * this.view(x).reduce((sum, value) => sum + value, 0);
  }

  sumOfSquares({ x, out, factor }: SumArguments): void {
    this.view(out)[0] = factor * this.view(x).reduce((sum, value) => sum + value * value, 0);
  }

  clipCoefficient({ sumOfSquares, norm, coefficient, maxNorm }: ClipCoefficientArguments): void {
    const length = Math.sqrt(this.view(sumOfSquares)[0]);
    this.view(norm)[0] = length;
    this.view(coefficient)[0] = maxNorm === Infinity ? 1 : Math.min(1, maxNorm / (length + 1e-6));
  }

  inverseNorm({ sumOfSquares, out, epsilon }: InverseNormArguments): void {
    this.view(out)[0] = 1 / (Math.sqrt(this.view(sumOfSquares)[0]) + epsilon);
  }

  adamwStep(args: AdamwStepArguments): void {
    const { beta1, beta2, epsilon } = args;
    const [weights, gradients, m, v] = [args.weights, args.gradients, args.firstMoments, args.secondMoments].map(
      this.view,
    );
    const [stepSize, decay] = this.view(args.rates);
    const factor = args.gradientScale === undefined ? 1 : this.view(args.gradientScale)[0];
    for (let i = 0; i < weights.length; i++) {
      const gradient = factor * gradients[i];
      m[i] = beta1 * m[i] + (1 - beta1) * gradient;
      v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      weights[i] -= stepSize * m[i] / (Math.sqrt(v[i]) + epsilon);
      weights[i] -= decay * weights[i];
    }
  }

  sgdStep(args: SgdStepArguments): void {
    const [weights, gradients, rate] = [args.weights, args.gradients, args.rate].map(this.view);
    const factor = args.gradientScale === undefined ? 1 : this.view(args.gradientScale)[0];
    for (let i = 0; i < weights.length; i++) weights[i] -= rate[0] * factor * gradients[i];
  }

  copy({ source, destination }: CopyArguments): void {
    this.view(destination).set(this.view(source));
  }

  copyRows(args: CopyRowsArguments): void {
    const { batch, rows, columns, destinationRows } = args;
    const [source, destination] = [args.source, args.destination].map(this.view);
    const positions = args.positions === undefined ? undefined : this.view(args.positions);
    for (let b = 0; b < batch; b++) {
      for (let row = 0; row < rows; row++) {
        const target = positions === undefined ? row : positions[row];
        if (target < 0 || target >= destinationRows) continue;
        const from = b * args.sourceBatchStride + row * args.sourceStride;
        const to = b * args.destinationBatchStride + target * args.destinationStride;
        destination.set(source.subarray(from, from + columns), to);
      }
    }
  }

  fill({ x, value }: FillArguments): void {
    this.view(x).fill(value);
  }
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function siluSlope(x: number): number {
  return sigmoid(x) * (1 + x * (1 - sigmoid(x)));
}

function exponentials(row: Float64Array): { largest: number; total: number } {
  const largest = row.reduce((a, b) => Math.max(a, b), -Infinity);
  return { largest, total: row.reduce((sum, value) => sum + Math.exp(value - largest), 0) };
}
