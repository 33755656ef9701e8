import { parseTrainingConfig, type TrainingConfig } from "../../lib/training/training_config.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";

/** A model and a run of a few steps that take milliseconds on the reference device. */
export function smallConfig(change: Record<string, unknown> = {}): TrainingConfig {
  return parseTrainingConfig({
    model: { vocab_size: 12, context_length: 6, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16 },
    optimizer: { max_learning_rate: 0.01, warmup_steps: 2 },
    batch_size: 2,
    gradient_accumulation_steps: 2,
    steps: 8,
    log_every: 3,
    eval_every: 4,
    eval_batches: 2,
    checkpoint_every: 4,
    keep_checkpoints: 2,
    sample_every: 0,
    seed: 7,
    ...change,
  });
}

/** A fresh reference device. */
export function referenceDevice(): Device {
  return new Device(new ReferenceBackend());
}

/** Ids that a model can learn: a walk in which every id has one of two successors. */
export function walk(length: number, vocabSize = 12): Uint32Array {
  const ids = new Uint32Array(length);
  let state = 12345;
  for (let i = 1; i < length; i++) {
    state = Math.imul(state, 1103515245) + 12345 >>> 0;
    ids[i] = (ids[i - 1] * 5 + 1 + (state >>> 31)) % vocabSize;
  }
  return ids;
}

/** A run whose next step does not depend on how many are planned; it saves and writes metrics all the time. */
export function endlessConfig(steps: number): TrainingConfig {
  const optimizer = { max_learning_rate: 0.01, warmup_steps: 2, cosine_steps: 1000 };
  return smallConfig({ steps, optimizer, checkpoint_every: 2, log_every: 1 });
}
