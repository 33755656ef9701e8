import { z } from "zod";
import { account } from "../lib/accounting/account.ts";
import { adamwOperations } from "../lib/accounting/adamw_flops.ts";
import { evaluate, product } from "../lib/accounting/expression.ts";
import { formatExpression } from "../lib/accounting/format_expression.ts";
import { modelPreset } from "../lib/accounting/model_presets.ts";
import { valuesOf } from "../lib/accounting/model_shape.ts";
import { normalForm } from "../lib/accounting/normal_form.ts";
import { parameterCount } from "../lib/accounting/parameters.ts";
import {
  publishedActivations,
  publishedAdamwAccounting,
  publishedLargestBatch,
  publishedParameters,
  publishedRun,
} from "../lib/accounting/published_adamw_accounting.ts";
import { judge } from "../lib/accounting/published_figure.ts";
import { trainingMemory } from "../lib/accounting/training_memory.ts";
import { secondsAtMfu } from "../lib/accounting/training_time.ts";
import { reportFigures } from "./accounting/report_figures.ts";
import { lettersText } from "./accounting/tables.ts";
import { formatNumber } from "../lib/data/amounts.ts";
import { runScript } from "./frame/run_script.ts";

const xl = modelPreset("gpt2-xl");
const values = valuesOf(xl);

await runScript({
  name: "adamw_accounting",
  summary: "problem adamwAccounting: memory, FLOPs and time of training GPT-2 XL with AdamW, published and in full",
  options: z.object({
    memory: z.number().gt(0).default(80).describe("the device's memory in GiB"),
  }),
  permissions: "none",
}, ({ memory }, report) => {
  const published = publishedAdamwAccounting();
  const figuresOf = (problem: string) => published.filter((figure) => figure.problem === problem);

  report.say(lettersText);
  reportFigures("(a) Parameters and activations of GPT-2 XL, one sequence", figuresOf("(a)"), report);
  report.say(`parameters  ${formatExpression(publishedParameters)}  published, for d_ff = 4 d`);
  report.say(`            ${formatExpression(normalForm(parameterCount(xl)))}  in full`);
  report.say(`activations ${formatExpression(publishedActivations)}  published`);
  const full = account({
    model: xl,
    batchSize: 1,
    precision: "float32",
    scores: "stored",
    attention: "full",
    promptLength: 1,
    generatedTokens: 1,
  });
  report.table(
    "The activations in full, in bytes of one sequence",
    ["", "bytes", "formula"],
    full.activations.lines.map((
      { name, value, expression },
    ) => [name, value, formatExpression(normalForm(expression))]),
  );

  reportFigures("(b) Bytes in training GPT-2 XL", figuresOf("(b)"), report);
  const slope = evaluate(product(4, publishedActivations), values);
  const parameters = evaluate(parameterCount(xl), values);
  const bytes = memory * 2 ** 30;
  const batchFor = (constant: bigint, perSequence: bigint) => (bytes - Number(constant)) / Number(perSequence);
  const largest = (constant: bigint, perSequence: bigint) => {
    const batch = batchFor(constant, perSequence);
    return batch < 1 ? "none fits" : batch.toFixed(2);
  };
  const perSequence = (scores: "stored" | "fused") =>
    evaluate(trainingMemory(xl, "float32", scores).activations, values);
  report.table(`Largest batch in ${formatNumber(memory, 4)} GiB`, [
    "",
    "bytes for each sequence",
    "bytes whatever the batch",
    "largest batch",
  ], [
    ["published slope and constant", slope / 4n, 4n * parameters, largest(4n * parameters, slope / 4n)],
    [
      "published formula, in bytes, with all four copies",
      slope,
      16n * parameters,
      largest(16n * parameters, slope),
    ],
    ...(["stored", "fused"] as const).map((scores) => [
      `in full, scores ${scores}`,
      perSequence(scores),
      16n * parameters,
      largest(16n * parameters, perSequence(scores)),
    ]),
  ]);
  if (memory === 80) {
    report.compare("(b) largest batch in 80 GB", {
      published: publishedLargestBatch,
      ours: Number(batchFor(16n * parameters, slope).toFixed(2)),
      verdict: "arithmetic slip: floats taken for bytes, and only one of the four copies of the parameters",
    });
  }

  reportFigures("(c) One AdamW step", figuresOf("(c)"), report);
  const { firstMoment, secondMoment, update, weightDecay } = adamwOperations;
  report.say(
    `Each parameter: ${firstMoment} for the first moment, ${secondMoment} for the second, ${update} for the update and ` +
      `${weightDecay} for the weight decay, whose factor 1 - rate decay is the same for all.`,
  );

  reportFigures("(d) 400K steps at batch 1,024 on one A100", figuresOf("(d)"), report);
  const run = judge(published.at(-1)!);
  const days = (flops: bigint) => secondsAtMfu(flops, publishedRun.peakFlops, publishedRun.mfu) / 86_400;
  const optimizer = BigInt(publishedRun.steps) * judge(figuresOf("(c)")[0]).fullValue;
  report.compare("(d) days by the published formula", {
    published: publishedRun.days,
    ours: Math.round(days(run.formulaValue)),
    verdict: Math.round(days(run.formulaValue)) === publishedRun.days ? "agrees" : "arithmetic slip",
  });
  report.compare("(d) days in full", {
    published: publishedRun.days,
    ours: Math.round(days(run.fullValue)),
    verdict: "left out: query, key and value projections; counted twice: the product with the vocabulary",
  });
  report.say(
    `The optimizer's own ${Number(optimizer).toPrecision(2)} FLOPs are ${
      (100 * Number(optimizer) / Number(run.fullValue)).toFixed(4)
    } % of these.`,
  );
});
