import type { Account } from "./account.ts";
import { type DeviceLimits, type MatrixFormat, peakFlops } from "./device_presets.ts";
import { evaluate, type Values } from "./expression.ts";
import type { ModelShape } from "./model_shape.ts";
import { largestBatch } from "./training_memory.ts";
import { secondsAtMfu } from "./training_time.ts";

/** How a device takes to a model. */
export interface DeviceEstimate {
  /** Seconds of a training step at the given MFU; the optimizer's FLOPs are among them. */
  secondsPerStep: number;
  /** Tokens trained on in a second. */
  tokensPerSecond: number;
  /** Whether the batch's training fits the device's memory. */
  fits: boolean;
  /** The largest batch that fits; 0 if none does. */
  largestBatch: bigint;
  /** At most this many decoding steps a second, for the bytes that a step reads and the FLOPs that it takes. */
  decodingStepsPerSecond: number;
  /** What bounds decoding. */
  decodingBound: "memory" | "arithmetic";
}

/**
 * Time and largest batch on a device (handout, adamwAccounting (b) and (d)).
 *
 * @param mfu Share of the peak that training reaches, above 0 and at most 1.
 * @throws {RangeError} If the device has no peak for the format, or `mfu` is out of range.
 */
export function estimateOnDevice(
  model: ModelShape,
  account: Account,
  device: DeviceLimits,
  format: MatrixFormat,
  mfu: number,
): DeviceEstimate {
  const peak = peakFlops(device, format);
  const secondsPerStep = secondsAtMfu(account.step.total!.value, peak, mfu);
  const ofOneSequence: Values = { ...account.values, b: 1n };
  const activations = account.memory.lines.find(({ name }) => name === "activations")!;
  const memory = account.memory.total!.value;
  const decoding = account.generation.lines.find(({ name }) => name === "last decoding step")!;
  const reads = account.generationMemory.lines.find(({ name }) => name === "read in the last decoding step")!;
  const secondsOfReading = Number(reads.value) / device.bandwidth;
  const secondsOfArithmetic = Number(decoding.value) / peak;
  return {
    secondsPerStep,
    tokensPerSecond: Number(account.values.b) * model.context_length / secondsPerStep,
    fits: memory <= device.memoryBytes,
    largestBatch: largestBatch(
      device.memoryBytes,
      memory - activations.value,
      evaluate(activations.expression, ofOneSequence),
    ),
    decodingStepsPerSecond: 1 / Math.max(secondsOfReading, secondsOfArithmetic),
    decodingBound: secondsOfReading >= secondsOfArithmetic ? "memory" : "arithmetic",
  };
}
