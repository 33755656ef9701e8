import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { runHash } from "../../lib/experiments/run_identity.ts";
import { parseTrainingConfig } from "../../lib/training/training_config.ts";

const model = { vocab_size: 500, context_length: 32, num_layers: 2, d_model: 64, num_heads: 4 };
const hashOf = (change: Record<string, unknown>, text = "a text") =>
  runHash(parseTrainingConfig({ model, ...change }), text);

Deno.test("a run's hash does not depend on how its configuration is written down", async () => {
  const plain = await hashOf({});
  assertMatch(plain, /^[0-9a-f]{10}$/);
  assertEquals(await hashOf({ model: { ...model, position: "rope", d_ff: 192 }, seed: 0 }), plain);
  assertEquals(await hashOf({ optimizer: { beta1: 0.9, warmup_steps: 100, min_learning_rate: 1e-4 } }), plain);
});

Deno.test("a run's hash does not depend on where its text lies", async () => {
  assertEquals(await hashOf({ data: "a.npy", validation_data: "b.npy", tokenizer: "c", input: "d" }), await hashOf({}));
});

Deno.test("whatever changes a run changes its hash", async () => {
  const changes: Record<string, unknown>[] = [
    {},
    { seed: 1 },
    { steps: 100 },
    { batch_size: 8 },
    { optimizer: { max_learning_rate: 2e-3 } },
    { optimizer: { warmup_steps: 1 } },
    { optimizer: { name: "muon" } },
    { model: { ...model, d_model: 128 } },
    { model: { ...model, norm: "none" } },
    { precision: "bfloat16" },
  ];
  const hashes = await Promise.all([...changes.map((change) => hashOf(change)), hashOf({}, "another text")]);
  assertEquals(new Set(hashes).size, hashes.length);
});

Deno.test("a rate for which two defaults agree by chance is not taken for the default", async () => {
  // min_learning_rate is a tenth of the largest unless given: what is given must count, whatever it would have been
  // elsewhere.
  const given = { optimizer: { max_learning_rate: 2e-3, min_learning_rate: 1e-4 } };
  assertNotEquals(await hashOf(given), await hashOf({ optimizer: { max_learning_rate: 2e-3 } }));
});
