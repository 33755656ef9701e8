import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { type Answer, cellText } from "../../lib/experiments/answer.ts";
import { answerMarkdown } from "../../lib/experiments/answer_markdown.ts";
import { answerPage } from "../../lib/experiments/answer_page.ts";
import { answerQuestion } from "../../lib/experiments/answer_question.ts";
import { answersIndex } from "../../lib/experiments/answers_index.ts";
import { layerNorm } from "../../lib/experiments/problems/layer_norm.ts";
import { leaderboard } from "../../lib/experiments/problems/leaderboard.ts";
import { learningRate } from "../../lib/experiments/problems/learning_rate.ts";
import { mainExperiment } from "../../lib/experiments/problems/main_experiment.ts";
import { noPosEmb } from "../../lib/experiments/problems/no_pos_emb.ts";
import { preNorm } from "../../lib/experiments/problems/pre_norm.ts";
import { batchSize } from "../../lib/experiments/problems/batch_size.ts";
import { problems } from "../../lib/experiments/problems.ts";
import { scales } from "../../lib/experiments/scale.ts";
import { writeAnswer } from "../../lib/experiments/write_answer.ts";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { fullDisk } from "../data/full_disk.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { madeUpResults, resultsOf } from "./small_runs.ts";

type Losses = (number | null)[];

/** Results of an experiment's own laptop variants, with made-up final losses by name. */
function results(experiment: typeof preNorm, lossesOf: (name: string) => Losses) {
  const variants = experiment.variants("laptop", scales.laptop).map((variant) =>
    resultsOf(variant, lossesOf(variant.name))
  );
  return madeUpResults(variants, variants.find(({ variant }) => variant.isBaseline));
}

async function verdictOf(experiment: typeof preNorm, lossesOf: (name: string) => Losses): Promise<string> {
  return (await experiment.conclude(results(experiment, lossesOf))).verdict.join("\n");
}

Deno.test("learning_rate names the best rate and the edge of stability", async () => {
  const losses: Record<string, Losses> = {
    "rate 0.001": [3.7, 3.71, 3.7],
    "rate 0.003": [3.2, 3.19, 3.21],
    "rate 0.01": [2.92, 2.93, 2.91],
    "rate 0.03": [3.0, 3.01, 3.0],
    "rate 0.1": [3.3, 3.2, 3.4],
    "rate 1": [7.5, 7.6, 7.4], // above the 7 that the made-up runs begin with
    "rate 10": [null, null, null],
  };
  const verdict = await verdictOf(learningRate, (name) => losses[name]);
  assertStringIncludes(verdict, "The best rate is 0.01: validation loss 2.9200 ± 0.0100 (3 seeds)");
  assertStringIncludes(verdict, "at 0.03 it is higher by");
  assertStringIncludes(verdict, "The edge of stability lies between 0.1 and 1");
  assertStringIncludes(verdict, "from 10 on it diverges for good. The first unstable rate is 100 times the best one.");
});

for (const experiment of problems) {
  Deno.test(`${experiment.name} has an answer whichever of its runs diverge`, async () => {
    const variants = experiment.variants("laptop", scales.laptop);
    const { name: baseline } = variants.find(({ isBaseline }) => isBaseline) ?? variants[0];
    const diverging: Record<string, (name: string) => boolean> = {
      all: () => true,
      "the baseline": (name) => name === baseline,
      "all but the baseline": (name) => name !== baseline,
      "all but the last": (name) => name !== variants.at(-1)!.name,
    };
    for (const [which, diverges] of Object.entries(diverging)) {
      const made = results(experiment, (name) => diverges(name) ? [null, null] : [3, 3.1]);
      const { verdict } = await answerQuestion(experiment, made, []);
      assertMatch(verdict.join("\n"), /diverge/, which);
      for (const paragraph of verdict) assertEquals(paragraph.trim(), paragraph, which);
    }
  });
}

Deno.test("the best rate is one at which no seed diverged, also if the lowest rate is not", async () => {
  const losses: Record<string, Losses> = { "rate 0.001": [2, null], "rate 0.003": [3, 3.1] };
  const verdict = await verdictOf(learningRate, (name) => losses[name] ?? [4, 4.1]);
  assertStringIncludes(verdict, "The best rate is 0.003: validation loss 3.0500");
});

Deno.test("layer_norm_ablation says where training without norms diverges, and what a lower rate gives", async () => {
  const verdict = await verdictOf(layerNorm, (name) => {
    if (/^no norm, rate 0\.0[13]$|^no norm, rate 0\.1$/.test(name)) return [null, null];
    return name.startsWith("no norm") ? [3.3, 3.31] : name.endsWith(" 0.01") ? [2.9, 2.91] : [3.1, 3.11];
  });
  assertStringIncludes(
    verdict,
    "At the sweep's best rate, 0.01, training without norms diverges for 2 of 2 seeds, at step 7, 7 of 500.",
  );
  assertStringIncludes(verdict, "Its own best rate is 0.001, with 3.3050");
  assertStringIncludes(verdict, "with RMSNorm the best is 0.01, with 2.9050");
  assertStringIncludes(verdict, "Without: The edge of stability lies between 0.003 and 0.01, where training diverges.");
});

Deno.test("a sweep's chart names its lines and marks what diverged", async () => {
  const made = results(layerNorm, (name) => name.startsWith("no norm, rate 0.1") ? [null, null] : [3, 3.1]);
  const [{ name, svg }] = (await layerNorm.conclude(made)).charts!;
  assertEquals(name, "loss_by_rate");
  for (const label of ["RMSNorm", "no norm", "diverged"]) assertStringIncludes(svg, `>${label}<`);
});

Deno.test("an ablation calls a difference within the seeds' spread just that", async () => {
  const near = await verdictOf(preNorm, (name) => name === "pre-norm" ? [2.92, 2.94, 2.93] : [2.93, 2.95, 2.94]);
  assertStringIncludes(near, "Post-norm differs by 0.0100 ± 0.0227, which is within the noise between seeds.");
  const far = await verdictOf(noPosEmb, (name) => name === "RoPE" ? [2.92, 2.94, 2.93] : [3.23, 3.25, 3.24]);
  assertStringIncludes(far, "NoPE is higher by 0.3100 ± 0.0227, more than seeds explain.");
});

Deno.test("main_experiment compares bits per byte, and explains nothing that its numbers do not show", async () => {
  const more = await verdictOf(mainExperiment, (name) => name === "stories" ? [3, 3.02] : [4, 4.02]);
  assertStringIncludes(
    more,
    "1.5050 ± 0.0071 (2 seeds) bits per byte. Prose: 2.0050 ± 0.0071 (2 seeds), 33 % more. Prose has more",
  );
  const less = await verdictOf(mainExperiment, (name) => name === "stories" ? [4, 4.02] : [3, 3.02]);
  assertMatch(less, /25 % less\.$/m);
});

Deno.test("batch_size_experiment states the rule, the best size and memory's limit", async () => {
  const losses: Record<string, Losses> = { "batch 1": [3.2, 3.21], "batch 4": [2.9, 2.91], "batch 16": [2.95, 2.96] };
  const verdict = await verdictOf(batchSize, (name) => losses[name] ?? [4, 4.01]);
  assertStringIncludes(verdict, "follow the square root of the batch size, from 0.01 at 16");
  assertStringIncludes(verdict, "batch 4 ends lowest of them: 2.9050");
  assertStringIncludes(verdict, "Batch 1 (8,000 steps, rate 0.0025) is higher by 0.3000");
  assertStringIncludes(verdict, "With the rate left at the baseline's, batch 4 is higher by 1.1000");
  assertMatch(verdict, /4 GiB hold a step of at most [\d,]+ sequences/);
});

Deno.test("the leaderboard says of each ingredient what it gives alone and in the recipe", async () => {
  const verdict = await verdictOf(leaderboard, (name) => {
    if (name === "baseline") return [2.92, 2.93, 2.91];
    if (name === "with Muon") return [2.82, 2.83, 2.81];
    if (name === "with tied embeddings") return [3.12, 3.13, 3.11];
    if (name === "the whole recipe") return [2.6, 2.61, 2.59];
    if (name === "recipe without Muon") return [2.7, 2.71];
    return [2.921, 2.931, 2.911];
  });
  assertStringIncludes(verdict, "Muon helps (-0.100)");
  assertStringIncludes(verdict, "tied embeddings hurts (+0.200)");
  assertStringIncludes(verdict, "QK norm is within the noise (+0.001)");
  assertStringIncludes(verdict, "Taken out of the recipe: Muon is missed (+0.105)");
  assertStringIncludes(verdict, "Of 13 comparisons at 95 %"); // the recipe, 7 alone, 5 left out
});

Deno.test("every experiment has an answer whose runs all diverged, but for the baseline", async () => {
  for (const experiment of problems) {
    const made = results(experiment, () => [null, null]);
    made.baseline.runs.splice(0, 2, ...resultsOf(made.baseline.variant, [3, 3.1]).runs);
    made.baseline.losses.push(3, 3.1);
    made.baseline.diverged.length = 0;
    const { verdict } = await experiment.conclude(made);
    assert(verdict.length > 0, experiment.name);
    for (const paragraph of verdict) {
      assert(!/undefined|NaN|Infinity/.test(paragraph), `${experiment.name}: ${paragraph}`);
    }
  }
});

Deno.test("an answer has the table, the curves on three axes, and the circumstances", async () => {
  const made = results(noPosEmb, (name) => name === "RoPE" ? [2.9, 2.92] : [3.2, null]);
  const { tables, charts, runs, circumstances } = await answerQuestion(noPosEmb, made, [["text", "a test"]]);
  assertEquals(tables[0].rows, [
    ["RoPE", 2, "2.9100 ± 0.0141", "", "baseline", 1.455, 3200],
    ["NoPE", 2, "3.2000", "+0.2900 ± 0.2201", "1 of 2 diverged", 1.6, 3200],
  ]);
  assertEquals(runs.map(({ variant, seed, state, validation_loss }) => [variant, seed, state, validation_loss]), [
    ["RoPE", 0, "finished", 2.9],
    ["RoPE", 1, "finished", 2.92],
    ["NoPE", 0, "finished", 3.2],
    ["NoPE", 1, "diverged", 6],
  ]);
  assertEquals(charts.map(({ name }) => name), ["loss_by_step", "loss_by_tokens", "loss_by_seconds"]);
  for (const { svg } of charts) for (const name of ["RoPE", "NoPE"]) assertStringIncludes(svg, `>${name}<`);
  assertEquals(circumstances[0], ["text", "a test"]);
  assert(circumstances.some(([name, value]) => name === "runs" && value === "4, seeds 0 to 1"));
});

Deno.test("losses of different texts are not subtracted from each other", async () => {
  const made = results(mainExperiment, (name) => name === "stories" ? [3, 3.02] : [4, 4.02]);
  const { tables: [{ rows }] } = await answerQuestion(mainExperiment, made, []);
  assertEquals(rows.map((row) => row.slice(3, 5)), [["", "baseline"], ["", ""]]);
});

const answer: Answer = {
  problem: "no_pos_emb",
  title: "A < B",
  question: "Which?",
  verdict: ["A."],
  tables: [{ title: "Losses", columns: ["variant", "loss"], rows: [["a | b", 2.5], ["c", undefined]] }],
  charts: [{ name: "curve", caption: "A curve.", svg: "<svg><text>x</text></svg>\n" }],
  runs: [],
  samples: [{ name: "A model", text: "<script>\nsecond line" }],
  circumstances: [["machine", "2 & 2"]],
};

Deno.test("Markdown refers to the charts, keeps tables whole and quotes what models wrote", () => {
  const text = answerMarkdown(answer);
  assertStringIncludes(text, "| a \\| b | 2.5000 |");
  assertStringIncludes(text, "| --- | ---: |");
  assertStringIncludes(text, "![A curve.](curve.svg)");
  assertStringIncludes(text, "> <script>\n> second line");
});

Deno.test("the page holds its charts and escapes whatever models wrote", () => {
  const page = answerPage(answer);
  assertStringIncludes(page, "<h1>A &lt; B (no_pos_emb)</h1>");
  assertStringIncludes(page, "<svg><text>x</text></svg>");
  assertStringIncludes(page, "&lt;script&gt;\nsecond line");
  assert(!page.includes("<script"));
  assert(!/(src|href)="(https?:)?\/\//.test(page));
});

Deno.test("the index of several answers links each with its first words", () => {
  const index = answersIndex(
    [answer, { ...answer, problem: "swiglu_ablation", verdict: ["B | C.", "More."] }],
    "laptop",
  );
  assertStringIncludes(index, "| [no_pos_emb](no_pos_emb/laptop/answer.md) | A. |\n");
  assertStringIncludes(index, "| [swiglu_ablation](swiglu_ablation/laptop/answer.md) | B \\| C. |\n");
});

Deno.test("writeAnswer() leaves Markdown, page, JSON and charts, and nothing else", () => {
  using folder = new TemporaryFolder();
  const names = writeAnswer(folder.at("answer"), answer);
  const there = Array.from(Deno.readDirSync(folder.at("answer")), ({ name }) => name);
  assertEquals(there.sort(), ["answer.json", "answer.md", "curve.svg", "index.html"]);
  assertEquals(names.toSorted(), there);
  const json = JSON.parse(Deno.readTextFileSync(folder.at("answer/answer.json")));
  assertEquals(json.charts, [{ file: "curve.svg", caption: "A curve." }]);
});

Deno.test("cells show numbers as people read them", () => {
  assertEquals([1_234_567, 0.25, 0.00012, "word", undefined].map(cellText), [
    "1,234,567",
    "0.2500",
    "0.000120",
    "word",
    "",
  ]);
});

Deno.test("a disk that fills up leaves the files of the answer before, not some of each", () => {
  using folder = new TemporaryFolder();
  const files = () => folder.names().map((name) => Deno.readTextFileSync(folder.at(name)));
  writeAnswer(folder.path, answer);
  const before = files();
  {
    using _full = fullDisk(before[0].length + 100);
    assertThrows(() => writeAnswer(folder.path, { ...answer, verdict: ["Another verdict."] }), DiskFullError);
  }
  assertEquals(files(), before);
});
