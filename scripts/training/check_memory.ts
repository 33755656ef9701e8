import { implementationMemory, largestImplementationBatch } from "../../lib/accounting/implementation_memory.ts";
import { valuesOf } from "../../lib/accounting/model_shape.ts";
import { formatBytes } from "../../lib/data/amounts.ts";
import type { Backend } from "../../lib/tensor/device.ts";
import type { TrainingConfig } from "../../lib/training/training_config.ts";

// A token and its target, each four bytes.
const ID_BYTES = 8n;

/** What is asked of a device: how it is called, and how much memory it has. */
export interface LimitedDevice {
  name: string;
  backend: Pick<Backend, "memoryBytes">;
}

/**
 * Forecasts, before anything is prepared, whether a training step fits the device's memory. The accounting counts what
 * is in use at the worst moment in float32, so that whatever is refused could not have been trained; of bfloat16, whose
 * activations are smaller, only the rest is counted.
 *
 * @throws {RangeError} If it does not fit; the message says what would.
 */
export function checkTrainingMemory(device: LimitedDevice, config: TrainingConfig): void {
  const { model, batch_size, gradient_accumulation_steps, precision, optimizer } = config;
  const { memoryBytes } = device.backend;
  if (memoryBytes === undefined) return;
  const memory = BigInt(memoryBytes);
  const step = (batchSize: number) => implementationMemory(model, valuesOf(model, batchSize), optimizer.name);
  const ids = ID_BYTES * BigInt(batch_size) * BigInt(model.context_length);
  const whole = step(batch_size);
  const total = precision === "bfloat16" ? whole.total - whole.activations : whole.total;
  const needed = total + ids * BigInt(gradient_accumulation_steps - 1);
  if (needed <= memory) return;
  throw new RangeError(
    `Cannot train on the ${device.name} device: with batch_size ${batch_size}, context_length ${model.context_length} and ` +
      `gradient_accumulation_steps ${gradient_accumulation_steps} a step needs ${bytes(needed)}, ` +
      `and the device has ${bytes(memory)}; ${advice()}`,
  );

  function advice(): string {
    if (total <= memory) return `try at most --gradient_accumulation_steps ${1n + (memory - total) / ids}`;
    const largest = largestImplementationBatch(model, memory, optimizer.name);
    if (largest > 0n) return `try at most --batch_size ${largest}`;
    const { total: ofOne, activations } = step(1);
    return `not even one sequence fits: ${bytes(ofOne - activations)} whatever the batch, ` +
      `and ${bytes(activations)} for each sequence; try a smaller model or a shorter context`;
  }
}

function bytes(amount: bigint): string {
  return formatBytes(Number(amount));
}
