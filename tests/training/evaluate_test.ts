import { assertAlmostEquals, assertThrows } from "@std/assert";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { evaluate } from "../../lib/training/evaluate.ts";
import { referenceDevice, smallConfig, walk } from "./small_run.ts";

const { model: config } = smallConfig();

Deno.test("evaluate() counts every token alike, whatever the batches", () => {
  using device = referenceDevice();
  using model = new TransformerLM(device, config);
  const data = TokenDataset.fromIds(walk(100), { vocabSize: 12 });
  const losses = [1, 3, 16].map((batchSize) => evaluate(model, data.windows(Infinity, batchSize, 6)).loss);
  for (const loss of losses) assertAlmostEquals(loss, losses[0], 1e-6);
  const { loss, perplexity, bitsPerByte } = evaluate(model, data.windows(2, 2, 6), { bytesPerToken: 4 });
  assertAlmostEquals(perplexity, Math.exp(loss), 1e-9);
  assertAlmostEquals(bitsPerByte!, Math.log2(perplexity) / 4, 1e-9);
});

Deno.test("evaluate() refuses what the model cannot have seen", () => {
  using device = referenceDevice();
  using model = new TransformerLM(device, config);
  const data = TokenDataset.fromIds(walk(100, 20), { vocabSize: 20 });
  assertThrows(() => evaluate(model, data.windows(Infinity, 2, 6)), RangeError, "vocab_size is 12");
  assertThrows(() => evaluate(model, data.windows(0, 2, 6)), RangeError, "there are no batches");
  const short = TokenDataset.fromIds(walk(100), { vocabSize: 12 }).windows(1, 1, 4);
  assertThrows(() => evaluate(model, short), RangeError, "every size must be a whole number above 0");
});
