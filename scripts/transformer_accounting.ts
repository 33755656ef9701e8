import { dirname } from "@std/path/dirname";
import { z } from "zod";
import { total } from "../lib/accounting/component.ts";
import { evaluate } from "../lib/accounting/expression.ts";
import { formatExpression, formatInteger } from "../lib/accounting/format_expression.ts";
import { forwardShares, type ShareGroup, shareGroups } from "../lib/accounting/forward_shares.ts";
import { matrixProducts, trainingPositions } from "../lib/accounting/matrix_products.ts";
import { modelPreset } from "../lib/accounting/model_presets.ts";
import { type ModelShape, valuesOf } from "../lib/accounting/model_shape.ts";
import { normalForm } from "../lib/accounting/normal_form.ts";
import { publishedTransformerAccounting } from "../lib/accounting/published_transformer_accounting.ts";
import { shareBar } from "../lib/plot/share_bar.ts";
import { reportFigures } from "./accounting/report_figures.ts";
import { lettersText } from "./accounting/tables.ts";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  chart: z.string().optional().describe("write a chart of the shares by model to this SVG file"),
});

const xl = modelPreset("gpt2-xl");
const models: Record<string, ModelShape> = {
  "GPT-2 small": modelPreset("gpt2-small"),
  "GPT-2 medium": modelPreset("gpt2-medium"),
  "GPT-2 large": modelPreset("gpt2-large"),
  "GPT-2 XL": xl,
  "GPT-2 XL, 16,384 tokens": { ...xl, context_length: 16_384 },
};

await runScript({
  name: "transformer_accounting",
  summary: "problem transformer_accounting: parameters and forward FLOPs of the GPT-2 sizes, published and in full",
  options: Options,
  permissions: "results",
  details:
    "The architecture is the handout's (RMSNorm, SwiGLU with d_ff = 4 d_model, untied head) in GPT-2's dimensions.",
}, async ({ chart }, report) => {
  const published = publishedTransformerAccounting();
  const figuresOf = (problem: string) => published.filter((figure) => figure.problem === problem);
  const products = matrixProducts(xl, trainingPositions("full"));
  const values = valuesOf(xl);
  const shares = Object.fromEntries(Object.entries(models).map(([name, model]) => [name, forwardShares(model)]));

  report.say(lettersText);
  reportFigures("(a) Parameters of GPT-2 XL", figuresOf("(a)"), report);
  report.say("The bytes are 7.92 GiB, published as GB.");

  reportFigures("(b) Forward FLOPs of GPT-2 XL", figuresOf("(b)"), report);
  report.table(
    "All matrix products of GPT-2 XL, one sequence of 1,024 tokens",
    ["", "shapes", "FLOPs"],
    products.map(({ name, shapes, count }) => [name, shapes, evaluate(count, values)]),
  );
  const sum = total(products);
  report.result("forward FLOPs", evaluate(sum, values), `= ${formatExpression(normalForm(sum))}`);

  report.say("\n(c) Which parts need the most?");
  report.say(sharesText(shares["GPT-2 XL"]));
  report.compare("(c) the part that needs the most", {
    published: "feed-forward",
    ours: largest(shares["GPT-2 XL"]),
    verdict: largest(shares["GPT-2 XL"]) === "feed-forward" ? "agrees" : "does not hold",
  });

  reportFigures("(d) GPT-2 small, medium and large", figuresOf("(d)"), report);
  report.table(
    "Shares of a forward pass, in full",
    ["", ...shareGroups],
    Object.entries(shares).map(([name, share]) => [name, ...shareGroups.map((group) => percent(share[group]))]),
  );
  const bySize = growth(shares["GPT-2 small"], shares["GPT-2 XL"]);
  report.say(`As the model grows from small to XL: ${bySize.text}.`);
  report.compare("(d) the share that grows most with the model", {
    published: "feed-forward",
    ours: bySize.most,
    verdict: bySize.most === "feed-forward" ? "agrees" : "does not hold",
  });

  reportFigures("(e) GPT-2 XL with 16,384 tokens", figuresOf("(e)"), report);
  const byContext = growth(shares["GPT-2 XL"], shares["GPT-2 XL, 16,384 tokens"]);
  const long = evaluate(sum, valuesOf(models["GPT-2 XL, 16,384 tokens"]));
  report.say(
    `16 times the tokens need ${(Number(long) / Number(evaluate(sum, values))).toFixed(1)} times the FLOPs ` +
      `(${formatInteger(long)}): ${byContext.text}.`,
  );
  report.compare("(e) the share that grows with the context", {
    published: "attention",
    ours: byContext.most,
    verdict: byContext.most.startsWith("attention") ? "agrees" : "does not hold",
  });
  if (chart !== undefined) {
    const [{ atomicWrite }, { shareChart }] = await Promise.all([
      import("../lib/data/atomic_write.ts"),
      import("../lib/plot/share_chart.ts"),
    ]);
    const bars = Object.entries(shares).map(([name, share]) => ({ name, shares: share }));
    await Deno.mkdir(dirname(chart), { recursive: true });
    await atomicWrite(chart, await shareChart("Shares of a forward pass's FLOPs", bars));
    report.result("chart", chart);
  }
});

function largest(shares: Record<ShareGroup, number>): ShareGroup {
  return shareGroups.reduce((most, group) => shares[group] > shares[most] ? group : most);
}

function sharesText(shares: Record<ShareGroup, number>): string {
  return shareGroups.map((group) =>
    `  ${group.padEnd(26)} ${percent(shares[group]).padStart(6)}  ${shareBar(shares[group], 40)}`
  ).join("\n");
}

function growth(from: Record<ShareGroup, number>, to: Record<ShareGroup, number>) {
  const change = (group: ShareGroup) => to[group] - from[group];
  return {
    most: shareGroups.reduce((most, group) => change(group) > change(most) ? group : most),
    text: shareGroups.map((group) => `${group} ${percent(from[group])} to ${percent(to[group])}`).join(", "),
  };
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
