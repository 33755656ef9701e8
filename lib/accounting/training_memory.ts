import { activationComponents, type ScoresPolicy } from "./activations.ts";
import { total } from "./component.ts";
import { type Expression, product, sum } from "./expression.ts";
import type { ModelShape } from "./model_shape.ts";
import { type OptimizerName, parametersBesideMuon } from "./muon_update.ts";
import { parameterCount } from "./parameters.ts";

/**
 * Formats in training. float32: everything has four bytes. bfloat16: weights, gradients and activations have two;
 * AdamW keeps float32 master weights and moments beside them (Micikevicius et al., 2018; Rajbhandari et al., 2020,
 * section 3.1).
 */
export type Precision = "float32" | "bfloat16";

/** Bytes of an element in a precision, by what it is. */
export const elementBytes = {
  float32: { weights: 4, gradients: 4, masterWeights: 0, moments: 4, activations: 4 },
  bfloat16: { weights: 2, gradients: 2, masterWeights: 4, moments: 4, activations: 2 },
} as const satisfies Record<Precision, Record<string, number>>;

/** Bytes of a training step's memory, each as a formula. */
export interface TrainingMemory {
  /** The weights that the forward pass reads. */
  weights: Expression;
  /** One per parameter. */
  gradients: Expression;
  /** AdamW's two moments, or Muon's one of each matrix, and, in bfloat16, the float32 master weights. */
  optimizerState: Expression;
  /** By the handout's list; proportional to the batch size. */
  activations: Expression;
  /** What does not depend on the batch: weights, gradients and optimizer state. */
  constant: Expression;
  /** All of it. */
  total: Expression;
}

/**
 * The bytes that training keeps (handout, adamwAccounting (a)); with Muon the matrices within blocks have one moment
 * instead of AdamW's two.
 */
export function trainingMemory(
  model: ModelShape,
  precision: Precision,
  scores: ScoresPolicy,
  optimizer: OptimizerName = "adamw",
): TrainingMemory {
  const bytes = elementBytes[precision];
  const parameters = parameterCount(model);
  const perParameter = (each: number) => product(each, parameters);
  const activations = product(bytes.activations, total(activationComponents(model, scores)));
  const moments = optimizer === "adamw" ? perParameter(2 * bytes.moments) : sum(
    perParameter(bytes.moments),
    ...parametersBesideMuon(model).map(({ count }) => product(bytes.moments, count)),
  );
  const optimizerState = sum(moments, perParameter(bytes.masterWeights));
  const constant = sum(perParameter(bytes.weights + bytes.gradients), optimizerState);
  return {
    weights: perParameter(bytes.weights),
    gradients: perParameter(bytes.gradients),
    optimizerState,
    activations,
    constant,
    total: sum(activations, constant),
  };
}

/**
 * The largest batch whose training fits a memory; 0 if not even one sequence does.
 *
 * @param memoryBytes What there is.
 * @param constantBytes What is needed whatever the batch.
 * @param bytesPerSequence What each sequence of the batch adds; above 0.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(largestBatch(80n * 2n ** 30n, 34_032_921_600n, 5_854_076_928n), 8n);
 * ```
 */
export function largestBatch(memoryBytes: bigint, constantBytes: bigint, bytesPerSequence: bigint): bigint {
  const free = memoryBytes - constantBytes;
  return free < 0n ? 0n : free / bytesPerSequence;
}
