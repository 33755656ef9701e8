/** Settings of AdamW. */
export interface AdamWOptions {
  /** Decay of the first moments; 0.9 if left out. */
  beta1?: number;
  /** Decay of the second moments; 0.95 if left out, as usual for language models. */
  beta2?: number;
  /** Added to the root of the second moment; 1e-8 if left out. */
  epsilon?: number;
  /** Weights shrink by learning rate times this in each step; 0.1 if left out. */
  weightDecay?: number;
}

/**
 * Settings of AdamW with defaults filled in.
 *
 * @param optimizer What the messages call the optimizer.
 * @throws {RangeError} If a setting is out of its range.
 */
export function adamwSettings(optimizer: string, options: AdamWOptions): Required<AdamWOptions> {
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1 } = options;
  for (const [name, value] of Object.entries({ beta1, beta2 })) {
    if (!(value >= 0 && value < 1)) {
      throw new RangeError(`Cannot make ${optimizer}: ${name} is ${value}; it must be at least 0 and below 1`);
    }
  }
  for (const [name, value] of Object.entries({ epsilon, weightDecay })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`Cannot make ${optimizer}: ${name} is ${value}; it must be a number of at least 0`);
    }
  }
  return { beta1, beta2, epsilon, weightDecay };
}

/** The rates of AdamW's step t, counted from 1: its step size with the bias correction, and its decay. */
export function adamwRates(
  t: number,
  learningRate: number,
  { beta1, beta2, weightDecay }: Required<AdamWOptions>,
): [stepSize: number, decay: number] {
  return [learningRate * Math.sqrt(1 - beta2 ** t) / (1 - beta1 ** t), learningRate * weightDecay];
}
