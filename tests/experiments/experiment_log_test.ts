import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Run } from "../../lib/dashboard/run_reader.ts";
import { experimentLog } from "../../lib/experiments/experiment_log.ts";

const config = { steps: 100, seed: 0, model: { d_model: 64, norm: "pre" }, optimizer: { warmup_steps: 2 } };

function runOf(name: string, minute: number, change: Partial<Run> = {}): Run {
  return {
    name,
    state: "finished",
    config,
    metrics: [
      { step: 50, tokens: 3200, seconds: 30, loss: 4 },
      { step: 100, tokens: 6400, seconds: 60, validation_loss: 3.25 },
    ],
    changed: new Date(Date.UTC(2026, 0, 2, 12, minute)),
    sessions: [],
    problems: [],
    ...change,
  };
}

Deno.test("the log tells runs in the order in which they ended, each by what it changed of the nearest before it", () => {
  const post = { ...config, model: { ...config.model, norm: "post" } };
  const log = experimentLog([
    runOf("post", 3, { config: { ...post, seed: 1 } }),
    runOf("first", 1),
    runOf("post, first seed", 2, { config: post }),
    runOf("again", 4),
  ]);
  const [{ title, rows }] = log.tables;
  assertEquals(title, "2026-01-02");
  assertEquals(rows.map(([time, name, difference]) => [time, name, difference]), [
    ["12:01", "first", "d_model 64, steps 100, seed 0"],
    ["12:02", "post, first seed", "as first, but model.norm post (not pre)"],
    ["12:03", "post", "as post, first seed, but seed 1 (not 0)"],
    ["12:04", "again", "as first, in every setting"],
  ]);
  assertEquals(rows[0].slice(3), ["finished, 100 steps", 3.25, "1 min 0 s"]);
});

Deno.test("the log counts what was done, and says how runs ended that did not finish", () => {
  const early = [{ step: 7, tokens: 448, seconds: 4, loss: null }];
  const log = experimentLog([runOf("first", 1), runOf("wild", 2, { state: "diverged", metrics: early })]);
  assertStringIncludes(
    log.verdict[0],
    "2 runs: 1 finished and 1 diverged. Together they trained on 6,848 tokens in 1 min 4 s.",
  );
  assertEquals(log.tables[0].rows[1].slice(3), ["diverged at step 7 of 100", undefined, "4.0 s"]);
});

Deno.test("what follows from other settings is no difference, and an unreadable configuration is said", () => {
  const following = { ...config, optimizer: { warmup_steps: 9 }, tokenizer: "elsewhere" };
  const log = experimentLog([
    runOf("a", 1),
    runOf("b", 2, { config: following }),
    runOf("c", 3, { config: undefined }),
  ]);
  const differences = log.tables[0].rows.map(([, , difference]) => difference);
  assertEquals(differences.slice(1), ["as a, in every setting", "its configuration cannot be read"]);
});

Deno.test("a model from elsewhere is told by what it is, and no run by what it changed of that", () => {
  const log = experimentLog([
    runOf("llama", 1, { state: "imported", isImported: true, metrics: [] }),
    runOf("first", 2),
  ]);
  assertStringIncludes(log.verdict[0], "2 runs: 1 imported and 1 finished.");
  assertEquals(log.tables[0].rows.map((row) => row.slice(1, 4)), [
    ["llama", "d_model 64", "imported"],
    ["first", "d_model 64, steps 100, seed 0", "finished, 100 steps"],
  ]);
});

Deno.test("without runs the log says how to make some", () => {
  assertStringIncludes(experimentLog([]).verdict[0], "deno task experiments");
});
