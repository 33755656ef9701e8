import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { evaluate, product } from "../../lib/accounting/expression.ts";
import { modelPreset } from "../../lib/accounting/model_presets.ts";
import { valuesOf } from "../../lib/accounting/model_shape.ts";
import {
  publishedActivations,
  publishedAdamwAccounting,
  publishedLargestBatch,
  publishedParameters,
  publishedRun,
} from "../../lib/accounting/published_adamw_accounting.ts";
import { judge, type PublishedFigure } from "../../lib/accounting/published_figure.ts";
import { publishedTransformerAccounting } from "../../lib/accounting/published_transformer_accounting.ts";
import { largestBatch } from "../../lib/accounting/training_memory.ts";
import { secondsAtMfu } from "../../lib/accounting/training_time.ts";

// [published, by its own formula, in full, verdicts], as an independent audit of the publication found them.
type Audited = [published: bigint, formula: bigint, full: bigint, verdicts: string];

function assertJudged(figures: PublishedFigure[], audited: Record<string, Audited>) {
  const judged = Object.fromEntries(figures.map((figure) => {
    const { formulaValue, fullValue, verdicts } = judge(figure);
    return [`${figure.problem} ${figure.name}`, [figure.published, formulaValue, fullValue, verdicts.join(", ")]];
  }));
  assertEquals(judged, audited);
}

Deno.test("every published number of transformer_accounting is judged as the audit judged it", () => {
  const lookUp = "counted twice", projections = "left out", slip = "arithmetic slip";
  assertJudged(publishedTransformerAccounting(), {
    "(a) embedding": [80_411_200n, 80_411_200n, 80_411_200n, "agrees"],
    "(a) block": [40_963_200n, 40_963_200n, 40_963_200n, "agrees"],
    "(a) final norm": [1_600n, 1_600n, 1_600n, "agrees"],
    "(a) output embedding": [80_411_200n, 80_411_200n, 80_411_200n, "agrees"],
    "(a) parameters": [2_127_057_600n, 2_127_057_600n, 2_127_057_600n, "agrees"],
    "(a) bytes in float32": [8_508_230_400n, 8_508_230_400n, 8_508_230_400n, "agrees"],
    "(b) input embedding FLOPs": [164_682_137_600n, 164_682_137_600n, 0n, lookUp],
    "(b) output embedding FLOPs": [164_682_137_600n, 164_682_137_600n, 164_682_137_600n, "agrees"],
    "(b) forward FLOPs": [3_923_043_942_400n, 3_923_043_942_400n, 4_513_336_524_800n, `${projections}, ${lookUp}`],
    "(d) GPT-2 small: embedding": [158_094_852_096n, 158_094_852_096n, 79_047_426_048n, lookUp],
    "(d) GPT-2 small: attention": [53_760_491_520n, 53_150_220_288n, 96_636_764_160n, `${slip}, ${projections}`],
    "(d) GPT-2 small: feed-forward": [173_946_175_488n, 173_946_175_488n, 173_946_175_488n, "agrees"],
    "(d) GPT-2 medium: embedding": [210_793_136_128n, 210_793_136_128n, 105_396_568_064n, lookUp],
    "(d) GPT-2 medium: attention": [154_618_822_656n, 154_618_822_656n, 309_237_645_312n, projections],
    "(d) GPT-2 medium: feed-forward": [618_475_290_624n, 618_475_290_624n, 618_475_290_624n, "agrees"],
    "(d) GPT-2 large: embedding": [263_491_420_160n, 263_491_420_160n, 131_745_710_080n, lookUp],
    "(d) GPT-2 large: attention": [279_172_874_240n, 314_069_483_520n, 676_457_349_120n, `${slip}, ${projections}`],
    "(d) GPT-2 large: feed-forward": [1_288_490_188_800n, 1_449_551_462_400n, 1_449_551_462_400n, slip],
    "(e) GPT-2 XL, sequence 16,384: embedding": [5_269_828_403_200n, 5_269_828_403_200n, 2_634_914_201_600n, lookUp],
    "(e) GPT-2 XL, sequence 16,384: attention": [
      86_489_903_923_200n,
      86_489_903_923_200n,
      98_569_499_443_200n,
      projections,
    ],
    "(e) GPT-2 XL, sequence 16,384: feed-forward": [
      48_318_382_080_000n,
      48_318_382_080_000n,
      48_318_382_080_000n,
      "agrees",
    ],
  });
});

Deno.test("every published number of adamwAccounting is judged as the audit judged it", () => {
  assertJudged(publishedAdamwAccounting(), {
    "(a) parameters": [2_127_057_600n, 2_127_057_600n, 2_127_057_600n, "agrees"],
    "(a) activations, in floats": [1_463_519_232n, 1_463_519_232n, 4_508_583_936n, "left out"],
    "(b) bytes for each sequence": [1_463_519_232n, 5_854_076_928n, 18_034_335_744n, "arithmetic slip, left out"],
    "(b) bytes whatever the batch": [8_508_230_400n, 8_508_230_400n, 34_032_921_600n, "left out"],
    "(c) FLOPs of an AdamW step": [27_651_748_800n, 27_651_748_800n, 27_651_748_800n, "agrees"],
    "(d) forward FLOPs of 400K steps": [
      1_600_000_000_000_000_000_000n,
      1_606_878_798_807_040_000_000n,
      1_848_662_640_558_080_000_000n,
      "left out, counted twice",
    ],
    "(d) FLOPs of 400K steps": [
      4_820_000_000_000_000_000_000n,
      4_820_636_396_421_120_000_000n,
      5_545_987_921_674_240_000_000n,
      "left out, counted twice",
    ],
  });
});

Deno.test("the published largest batch follows from the published slope and constant, the right one from bytes", () => {
  const model = modelPreset("gpt2-xl");
  const values = valuesOf(model);
  const perSequence = evaluate(publishedActivations, values);
  const parameters = evaluate(publishedParameters, values);
  const gibibytes = 80n * 2n ** 30n;
  assertAlmostEquals(Number(gibibytes - 4n * parameters) / Number(perSequence), publishedLargestBatch, 0.1);
  const free = (memory: bigint) => Number(memory - 16n * parameters) / Number(4n * perSequence);
  assertEquals([free(gibibytes).toFixed(2), free(80n * 10n ** 9n).toFixed(2)], ["8.86", "7.85"]);
  assertEquals(largestBatch(gibibytes, 16n * parameters, 4n * perSequence), 8n);
});

Deno.test("the published days follow from the published FLOPs, and the right ones from all", () => {
  const run = publishedAdamwAccounting().find(({ name }) => name === "FLOPs of 400K steps")!;
  const { formulaValue, fullValue } = judge(run);
  const days = (flops: bigint) => secondsAtMfu(flops, publishedRun.peakFlops, publishedRun.mfu) / 86_400;
  assertEquals([Math.round(days(formulaValue)), Math.round(days(fullValue))], [publishedRun.days, 6_584]);
});

Deno.test("judge() refuses departures that do not explain the difference, and a slip that is not one", () => {
  const [figure] = publishedTransformerAccounting();
  assertThrows(() => judge({ ...figure, full: product(2, "V", "d") }), Error, "a departure is missing or wrong");
  assertThrows(() => judge({ ...figure, published: 1n }), Error, "1 published, 80411200 by formula");
  assertThrows(() => judge({ ...figure, slip: "none" }), Error, "slip none");
});
