import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { checkSamples } from "../../scripts/training/check_samples.ts";
import { checkTrainingMemory } from "../../scripts/training/check_memory.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { Trainer } from "../../lib/training/trainer.ts";
import { parseTrainingConfig, type TrainingConfig } from "../../lib/training/training_config.ts";

const model = { vocab_size: 300, context_length: 32, num_layers: 3, d_model: 64, num_heads: 4 };

function configOf(change: Record<string, unknown>): TrainingConfig {
  return parseTrainingConfig({ model, log_every: 1, ...change });
}

/** The most memory that real steps of a configuration have in use. */
function measuredBytes(config: TrainingConfig): number {
  using device = new MetaDevice();
  using trainer = new Trainer(device, config);
  const ids = new Int32Array(config.batch_size * config.model.context_length);
  trainer.step(Array.from({ length: config.gradient_accumulation_steps }, () => ({ inputs: ids, targets: ids })));
  return device.memory.peakBytes;
}

/** The message with which training is refused on a device of so much memory, or "" where it is not. */
function refusal(memoryBytes: number | undefined, config: TrainingConfig): string {
  try {
    checkTrainingMemory({ name: "cpu", backend: { memoryBytes } }, config);
    return "";
  } catch (error) {
    return (error as RangeError).message;
  }
}

Deno.test("a step that fits the memory is never refused, and one more sequence is, with the batch that fits", () => {
  for (const optimizer of [{ name: "adamw" }, { name: "muon" }]) {
    const memory = measuredBytes(configOf({ batch_size: 8, optimizer }));
    assertEquals(refusal(memory, configOf({ batch_size: 8, optimizer })), "");
    assertMatch(
      refusal(memory, configOf({ batch_size: 9, optimizer })),
      /^Cannot train on the cpu device: with batch_size 9 .* needs [\d.]+ MB, .*; try at most --batch_size 8$/,
    );
  }
});

Deno.test("more batches whose gradients make one step take no more memory", () => {
  const bytes = (gradient_accumulation_steps: number) =>
    measuredBytes(configOf({ batch_size: 8, gradient_accumulation_steps }));
  assertEquals(bytes(50), bytes(1));
});

Deno.test("amounts that no machine has are refused at once, by what they would need", () => {
  const refused: [Record<string, unknown>, RegExp][] = [
    [{ batch_size: 1e12 }, /needs 483 PB, and the device has 4.29 GB; try at most --batch_size \d+$/],
    [
      { model: { ...model, context_length: 1e9 } },
      /not even one sequence fits: .* whatever the batch, and .* TB for each/,
    ],
    [{ model: { ...model, num_layers: 1e9 } }, /not even one sequence fits: .* a smaller model or a shorter context$/],
    [{ model: { ...model, vocab_size: 1e12 } }, /not even one sequence fits: 2.05 PB whatever the batch/],
  ];
  for (const [change, message] of refused) assertMatch(refusal(2 ** 32, configOf(change)), message);
});

Deno.test("nothing is refused where the memory is unknown", () => {
  assertEquals(refusal(undefined, configOf({ batch_size: 1e6 })), "");
});

Deno.test("in bfloat16 a step that fits is never refused, and a tenth more sequences are", () => {
  for (const optimizer of [{ name: "adamw" }, { name: "muon" }]) {
    const config = (batch_size: number) => configOf({ batch_size, optimizer, precision: "bfloat16" });
    const memory = measuredBytes(config(100));
    assertEquals(refusal(memory, config(100)), "");
    assertMatch(refusal(memory, config(110)), /try at most --batch_size 10\d$/);
  }
  const deep = configOf({ model: { ...model, num_layers: 1e9 }, precision: "bfloat16" });
  assertMatch(refusal(2 ** 32, deep), /not even one sequence fits/);
});

Deno.test("more texts at a time than keys, values and logits have room for are refused", () => {
  const { model: config } = configOf({});
  const device = { name: "cpu", backend: { memoryBytes: 2 ** 20 } };
  // 3 layers, 32 positions of 64 floats, keys and values; 300 logits.
  const bytes = 4 * (2 * 3 * 32 * 64 + 300);
  checkSamples({ config, dtype: "f32", device }, Math.floor(2 ** 20 / bytes), 1e9);
  const message = `give fewer than ${Math.floor(2 ** 20 / bytes)} --samples`;
  assertThrows(() => checkSamples({ config, dtype: "f32", device }, 1e9, 1e9), RangeError, message);
});
