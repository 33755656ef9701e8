import { evaluate } from "./expression.ts";
import { implementationMemory } from "./implementation_memory.ts";
import { trainingOperations } from "./implementation_operations.ts";
import { measureTrainingStep } from "./measure.ts";
import { type ModelShape, valuesOf } from "./model_shape.ts";
import type { OptimizerName } from "./muon_update.ts";

/** One quantity of a training step, by formula and as the real model has it. */
export interface MeasuredAndPredicted {
  /** Pass, component (`*` for the layer), and what is counted: "forward layers.*.attn.qkv, bytes". */
  name: string;
  /** By formula. */
  predicted: bigint;
  /** Counted while the real model ran. */
  measured: bigint;
}

/**
 * One training step of the real model, its loss, clipping and optimizer on MetaDevice, beside what the formulas say of
 * it: FLOPs and bytes moved by pass and component, then the memory in use at the worst moment.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { modelPreset } from "./model_presets.ts";
 * const rows = measuredAndPredicted(modelPreset("gpt2-small"), 4);
 * assert(rows.every(({ measured, predicted }) => measured === predicted));
 * ```
 */
export function measuredAndPredicted(
  model: ModelShape,
  batchSize: number,
  optimizer: OptimizerName = "adamw",
): MeasuredAndPredicted[] {
  const values = valuesOf(model, batchSize);
  const { operations, peakBytes } = measureTrainingStep(model, batchSize, optimizer);
  const rows = new Map<string, MeasuredAndPredicted>();
  const add = (name: string, kind: "measured" | "predicted", amount: bigint) => {
    const row = rows.get(name) ?? { name, predicted: 0n, measured: 0n };
    rows.set(name, { ...row, [kind]: row[kind] + amount });
  };
  for (const { phase, component, flops, otherFlops, bytesRead, bytesWritten } of trainingOperations(model, optimizer)) {
    add(`${phase} ${component}, FLOPs`, "predicted", evaluate(flops, values) + evaluate(otherFlops, values));
    add(`${phase} ${component}, bytes`, "predicted", evaluate(bytesRead, values) + evaluate(bytesWritten, values));
  }
  for (const { phase, component, flops, otherFlops, bytesRead, bytesWritten } of operations) {
    add(`${phase} ${component}, FLOPs`, "measured", flops + otherFlops);
    add(`${phase} ${component}, bytes`, "measured", bytesRead + bytesWritten);
  }
  const memory = { predicted: implementationMemory(model, values, optimizer).total, measured: peakBytes };
  return [...rows.values(), { name: "memory in use at the worst moment, bytes", ...memory }];
}
