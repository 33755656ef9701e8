import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { account, type AccountOptions } from "../../lib/accounting/account.ts";
import { estimateOnDevice } from "../../lib/accounting/device_estimate.ts";
import { devicePreset } from "../../lib/accounting/device_presets.ts";
import { evaluate } from "../../lib/accounting/expression.ts";
import { forwardShares } from "../../lib/accounting/forward_shares.ts";
import { modelPreset, modelPresets } from "../../lib/accounting/model_presets.ts";
import { normalForm } from "../../lib/accounting/normal_form.ts";

const options: AccountOptions = {
  model: modelPreset("gpt2-xl"),
  batchSize: 3,
  precision: "float32",
  scores: "fused",
  attention: "causal",
  promptLength: 100,
  generatedTokens: 24,
};

Deno.test("every line's value is its formula's, every total the sum of its lines, for every preset", () => {
  for (const model of Object.values(modelPresets)) {
    const { values, implementationMemory: _, ...sections } = account({ ...options, model });
    for (const { lines, total } of Object.values(sections)) {
      for (const { expression, value } of lines) assertEquals(evaluate(normalForm(expression), values), value);
      if (total) assertEquals(total.value, lines.reduce((sum, { value }) => sum + value, 0n));
    }
  }
});

Deno.test("counts are exact where floating point would round", () => {
  const { step } = account({ ...options, batchSize: 1_000_003, attention: "full" });
  assertEquals(step.lines[0].value, 4_513_336_524_800n * 1_000_003n);
  assertEquals(step.total!.value > 2n ** 63n, true);
});

Deno.test("a model that no configuration allows is refused by the name of the field", () => {
  const wrong: [Partial<AccountOptions["model"]>, string][] = [
    [{ num_layers: 0 }, "num_layers is 0; expected a number above 0"],
    [{ vocab_size: 1.5 }, "vocab_size is 1.5; expected an integer"],
    [{ d_ff: NaN }, "d_ff is NaN; expected an integer"],
    [{ num_heads: 7 }, "num_heads is 7, d_model 1600; d_model must be a multiple of num_heads"],
    [{ num_kv_heads: 2 }, "num_kv_heads is 2, num_heads 25; num_heads must be a multiple of num_kv_heads"],
    [{ d_model: 25 }, "rotary embedding needs an even head size"],
  ];
  for (const [dimension, message] of wrong) {
    assertThrows(() => account({ ...options, model: { ...options.model, ...dimension } }), RangeError, message);
  }
  assertThrows(() => account({ ...options, batchSize: -1 }), RangeError, "the batch size is -1");
  assertThrows(() => account({ ...options, promptLength: 0 }), RangeError, "the prompt's length is 0");
});

Deno.test("the largest batch of a device fits, and one sequence more does not", () => {
  const device = devicePreset("h100");
  const fits = (batchSize: number) => {
    const result = account({ ...options, batchSize });
    return estimateOnDevice(options.model, result, device, "float32", 0.5);
  };
  const largest = Number(fits(1).largestBatch);
  assertEquals(fits(7).largestBatch, BigInt(largest));
  assertEquals([fits(largest).fits, fits(largest + 1).fits], [true, false]);
  assertEquals(fits(1).largestBatch > 0n, true);
  const tooSmall = estimateOnDevice(
    options.model,
    account(options),
    { ...device, memoryBytes: 2n ** 34n },
    "float32",
    0.5,
  );
  assertEquals([tooSmall.fits, tooSmall.largestBatch], [false, 0n]);
});

Deno.test("time follows from FLOPs, peak and MFU; decoding one sequence is bound by memory, a great batch is not", () => {
  const device = { ...devicePreset("a100"), bandwidth: 2e12, peakFlops: { float32: 10e12 } };
  const result = account(options);
  const estimate = estimateOnDevice(options.model, result, device, "float32", 0.25);
  assertAlmostEquals(estimate.secondsPerStep, Number(result.step.total!.value) / 2.5e12, 1e-9);
  assertAlmostEquals(estimate.tokensPerSecond * estimate.secondsPerStep, 3 * 1024, 1e-6);
  assertEquals(estimate.decodingBound, "memory");
  const reads = result.generationMemory.lines[1].value;
  assertAlmostEquals(estimate.decodingStepsPerSecond, 2e12 / Number(reads), 1e-6);
  const great = estimateOnDevice(options.model, account({ ...options, batchSize: 1_000 }), device, "float32", 0.25);
  assertEquals(great.decodingBound, "arithmetic");
});

Deno.test("shares of a forward pass sum to 1 and say what the written answers say", () => {
  const xl = modelPreset("gpt2-xl");
  for (const model of Object.values(modelPresets)) {
    assertAlmostEquals(Object.values(forwardShares(model)).reduce((a, b) => a + b), 1, 1e-12);
  }
  const small = forwardShares(modelPreset("gpt2-small")), large = forwardShares(xl);
  const long = forwardShares({ ...xl, context_length: 16_384 });
  assertEquals(large["feed-forward"] > 0.5, true);
  assertEquals(
    large["feed-forward"] - small["feed-forward"] > large["attention projections"] - small["attention projections"],
    true,
  );
  assertEquals(long["attention over the context"] > 0.5, true);
});

Deno.test("activations in the account are those of the memory", () => {
  const { activations, memory } = account({ ...options, scores: "stored" });
  assertEquals(activations.total!.value, memory.lines.find(({ name }) => name === "activations")!.value);
});
