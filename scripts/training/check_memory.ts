import { implementationMemory, largestImplementationBatch } from "../../lib/accounting/implementation_memory.ts";
import { valuesOf } from "../../lib/accounting/model_shape.ts";
import { formatBytes } from "../../lib/data/amounts.ts";
import type { Backend } from "../../lib/tensor/device.ts";
import type { TrainingConfig } from "../../lib/training/training_config.ts";

/** What is asked of a device: how it is called, and how much memory it has. */
export interface LimitedDevice {
  name: string;
  backend: Pick<Backend, "memoryBytes">;
}

/**
 * Forecasts, before anything is prepared, whether a training step fits the device's memory. The accounting counts what
 * is in use at the worst moment, so that whatever is refused could not have been trained.
 *
 * @throws {RangeError} If it does not fit; the message says what would.
 */
export function checkTrainingMemory(device: LimitedDevice, config: TrainingConfig): void {
  const { model, batch_size, precision, optimizer } = config;
  const { memoryBytes } = device.backend;
  if (memoryBytes === undefined) return;
  const memory = BigInt(memoryBytes);
  const step = (batchSize: number) =>
    implementationMemory(model, valuesOf(model, batchSize), optimizer.name, precision);
  const needed = step(batch_size).total;
  if (needed <= memory) return;
  throw new RangeError(
    `Cannot train on the ${device.name} device: with batch_size ${batch_size} and context_length ` +
      `${model.context_length} a step needs ${bytes(needed)}, and the device has ${bytes(memory)}; ${advice()}`,
  );

  function advice(): string {
    const largest = largestImplementationBatch(model, memory, optimizer.name, precision);
    if (largest > 0n) return `try at most --batch_size ${largest}`;
    const { total: ofOne, activations } = step(1);
    return `not even one sequence fits: ${bytes(ofOne - activations)} whatever the batch, ` +
      `and ${bytes(activations)} for each sequence; try a smaller model or a shorter context`;
  }
}

function bytes(amount: bigint): string {
  return formatBytes(Number(amount));
}
