import { assertEquals, assertThrows } from "@std/assert";
import { differences, overlay, parseTrainingConfig, TrainingFlags } from "../../lib/training/training_config.ts";

const model = { vocab_size: 500, context_length: 32, num_layers: 2, d_model: 64, num_heads: 4 };

Deno.test("what is left out of a configuration follows from the rest", () => {
  const config = parseTrainingConfig({ model, steps: 1000, optimizer: { max_learning_rate: 0.01 } });
  const { cosine_steps, warmup_steps, min_learning_rate, beta2 } = config.optimizer;
  assertEquals([cosine_steps, warmup_steps, min_learning_rate, beta2], [1000, 20, 0.001, 0.95]);
  assertEquals(config.model.d_ff, 192);
  assertEquals(parseTrainingConfig(JSON.parse(JSON.stringify(config))), config);
});

Deno.test("the optimizer is AdamW under the cosine unless told otherwise; the linear decay takes 30 % of the steps", () => {
  const { optimizer } = parseTrainingConfig({ model, steps: 1000 });
  assertEquals([optimizer.name, optimizer.schedule, optimizer.decay_steps], ["adamw", "cosine", 300]);
  assertEquals([optimizer.muon_learning_rate, optimizer.muon_momentum], [0.02, 0.95]);
  const late = parseTrainingConfig({ model, steps: 100, optimizer: { schedule: "linear", warmup_steps: 90 } });
  assertEquals(late.optimizer.decay_steps, 10);
});

Deno.test("a refused field is named with its value", () => {
  const refusals: [unknown, string][] = [
    [{ model, steps: 0 }, "Cannot use this configuration: steps is 0; expected a number of at least 1"],
    [{ model: { ...model, d_model: 66 } }, "model: num_heads is 4, d_model 66"],
    [{ model, optimizer: { beta2: 1 } }, "optimizer.beta2 is 1; expected a number below 1"],
    [{ model, batch_size: "8" }, `batch_size is "8"; expected an integer`],
    [{ model: { ...model, vocab_size: undefined } }, "model.vocab_size is missing; expected an integer"],
    [
      { model, optimizer: { warmup_steps: 11 }, steps: 10 },
      "optimizer: warmup_steps is 11, cosine_steps 10",
    ],
    [
      { model, optimizer: { min_learning_rate: 1 } },
      "optimizer: min_learning_rate is 1, max_learning_rate 0.001",
    ],
    [
      { model, optimizer: { schedule: "linear", warmup_steps: 5, decay_steps: 6 }, steps: 10 },
      "optimizer: decay_steps is 6, warmup_steps 5, cosine_steps 10",
    ],
    [{ model, optimizer: { name: "lion" } }, `optimizer.name is "lion"; expected one of adamw, muon`],
    [{ model: { ...model, output_init: "small" } }, `model.output_init is "small"`],
    [[], "Cannot use this configuration: it is []; expected an object"],
    [{ model, max_grad_norm: Infinity }, "max_grad_norm is Infinity; expected a finite number"],
  ];
  for (const [value, message] of refusals) assertThrows(() => parseTrainingConfig(value), RangeError, message);
});

Deno.test("an unknown field is refused and the nearest named, with its place", () => {
  assertThrows(
    () => parseTrainingConfig({ model, stepz: 3 }),
    RangeError,
    "there is no field stepz; the nearest is steps",
  );
  const wrong = { model: { ...model, d_modl: 3 }, optimizer: { epz: 1 } };
  assertThrows(() => parseTrainingConfig(wrong, "a.jsonc"), RangeError, "the nearest is model.d_model");
  assertThrows(() => parseTrainingConfig(wrong, "a.jsonc"), RangeError, "the nearest is optimizer.eps");
  const far = { model, learning: 1 };
  assertThrows(
    () => parseTrainingConfig(far),
    RangeError,
    "no field learning; expected one of model, optimizer, batch_size",
  );
  assertThrows(() => parseTrainingConfig(wrong, "a.jsonc"), RangeError, "Cannot use a.jsonc:\n  ");
});

Deno.test("flags come over the file, field by field", () => {
  const file = { model, steps: 10, optimizer: { eps: 1 } };
  const flags = { model: { d_model: 32, d_ff: undefined }, optimizer: undefined, seed: 3 };
  assertEquals(overlay(file, flags), { model: { ...model, d_model: 32 }, steps: 10, optimizer: { eps: 1 }, seed: 3 });
});

Deno.test("flags have no defaults of their own, and every field is one", () => {
  assertEquals(TrainingFlags.parse({}), {});
  const keys = Object.keys(parseTrainingConfig({ model }));
  assertEquals(keys.filter((key) => !(key in TrainingFlags.shape)), []);
});

Deno.test("differences name each field with both values", () => {
  const a = parseTrainingConfig({ model });
  const b = parseTrainingConfig({ model: { ...model, d_model: 128 }, tokenizer: "t" });
  assertEquals(differences(a, b), [
    "model.d_model is 64 there, 128 here",
    "model.d_ff is 192 there, 320 here",
    `tokenizer is not given there, "t" here`,
  ]);
});
