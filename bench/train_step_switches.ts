// deno-lint-ignore-file no-console -- the figures are the output

/**
 * What the switches of model and optimizer cost: training steps of the handout's TinyStories model with each, in turns
 * on one device, beside the ratio of their FLOPs by formula.
 *
 * Usage: deno run -A bench/train_step_switches.ts [DEVICE] [BATCH_SIZE] [ROUNDS]
 */

import { type DeviceName, openDevice } from "../ffi/devices.ts";
import { account } from "../lib/accounting/account.ts";
import { Trainer } from "../lib/training/trainer.ts";
import { parseTrainingConfig, type TrainingConfig } from "../lib/training/training_config.ts";

const [deviceName = "cpu", batchSize = "8", rounds = "5"] = Deno.args;

const model = { vocab_size: 10_000, context_length: 256, num_layers: 4, d_model: 512, num_heads: 16, d_ff: 1344 };
const switches: Record<string, Record<string, unknown>> = {
  "handout": {},
  "qk_norm": { model: { ...model, qk_norm: true } },
  "relu2, as many parameters": { model: { ...model, ffn: "relu2", d_ff: 1344 * 3 / 2 } },
  "Muon": { optimizer: { name: "muon" } },
};

using device = openDevice(deviceName as DeviceName);
using trainers = new DisposableStack();
const contenders = Object.entries(switches).map(([name, changes]) => {
  const config = parseTrainingConfig({ model, batch_size: Number(batchSize), log_every: 1, ...changes });
  const trainer = trainers.use(new Trainer(device, config));
  return { name, trainer, flops: flopsOfStep(config), seconds: [] as number[] };
});
const [handout] = contenders;
const ids = () => Int32Array.from({ length: Number(batchSize) * model.context_length }, () => Math.random() * 10_000);
const batch = { inputs: ids(), targets: ids() };

// Two rounds warm up: memory is taken in the first step, and a device that records does so in the second.
for (let round = -2; round < Number(rounds); round++) {
  for (const { trainer, seconds } of contenders) {
    const start = performance.now();
    trainer.step([batch]);
    trainer.readResults();
    if (round >= 0) seconds.push((performance.now() - start) / 1000);
  }
}

console.log(
  `${device.backend.description}; batch ${batchSize}, medians of ${rounds} rounds; load ${Deno.loadavg()[0]}`,
);
for (const { name, flops, seconds } of contenders) {
  const ratio = median(seconds.map((time, round) => time / handout.seconds[round]));
  console.log(
    `${name.padEnd(26)} ${median(seconds).toFixed(3)} s, ${ratio.toFixed(2)} times the handout's; ` +
      `FLOPs ${(flops / handout.flops).toFixed(2)} times`,
  );
}

function flopsOfStep({ model, batch_size, optimizer }: TrainingConfig): number {
  const { step } = account({
    ...{ model, batchSize: batch_size, precision: "float32", optimizer: optimizer.name, scores: "fused" },
    ...{ attention: "causal", promptLength: 1, generatedTokens: 1 },
  });
  return Number(step.total!.value);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}
