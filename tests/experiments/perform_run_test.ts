import { assert, assertEquals, AssertionError, assertStringIncludes, assertThrows } from "@std/assert";
import { claimFolder } from "../../lib/experiments/claim.ts";
import { type Ending, performRun } from "../../lib/experiments/perform_run.ts";
import type { PreparedText } from "../../lib/experiments/prepared_text.ts";
import { readOutcome, type RunOutcome, runState } from "../../lib/experiments/run_outcome.ts";
import { readMetrics } from "../../lib/training/metrics.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { referenceDevice } from "../training/small_run.ts";
import { smallRun, smallText } from "./small_runs.ts";

async function perform(
  folder: string,
  text: PreparedText,
  change: Record<string, unknown> = {},
  stopAfter = Infinity,
): Promise<Ending> {
  using device = referenceDevice();
  const stop = new AbortController();
  return await performRun({
    ...smallRun(folder, change),
    text,
    device,
    signal: stop.signal,
    onMetrics: ({ step }) => step >= stopAfter && stop.abort(),
  });
}

/** The outcome of a run that must have ended. */
function ended(ending: Ending): RunOutcome {
  if (typeof ending === "string") throw new AssertionError(`the run is ${ending}, and should have ended`);
  return ending;
}

/** Losses by step, without times. */
function losses(folder: string): unknown[] {
  return readMetrics(`${folder}/metrics.jsonl`).map(({ step, loss, validation_loss }) => [step, loss, validation_loss]);
}

Deno.test("a run ends with an outcome in its folder, and is not performed again", async () => {
  using runs = new TemporaryFolder();
  const [folder, text] = [runs.at("run"), smallText(runs.path)];
  assertEquals(runState(folder), { state: "new" });
  const outcome = ended(await perform(folder, text));
  assertEquals([outcome.state, outcome.step], ["finished", 8]);
  const last = readMetrics(`${folder}/metrics.jsonl`).at(-1)!;
  assertEquals(outcome.validation_loss, last.validation_loss);
  assertEquals(outcome.bits_per_byte, last.bits_per_byte);
  assert(outcome.peak_bytes > 0);
  const written = Deno.statSync(`${folder}/metrics.jsonl`).mtime;
  assertEquals(await perform(folder, text), outcome);
  assertEquals(Deno.statSync(`${folder}/metrics.jsonl`).mtime, written);
  assertEquals(readOutcome(folder), outcome);
  assertStringIncludes(
    Deno.readTextFileSync(`${folder}/report.html`),
    `validation loss ${last.validation_loss!.toFixed(4)}`,
  );
});

Deno.test("a stopped run goes on where it was and ends as if it had not stopped", async () => {
  using runs = new TemporaryFolder();
  const text = smallText(runs.path);
  await perform(runs.at("straight"), text, { log_every: 1 });
  assertEquals(await perform(runs.at("stopped"), text, { log_every: 1 }, 2), "stopped");
  const state = runState(runs.at("stopped"));
  // The signal comes at the end of step 2 and is seen between the batches of step 3.
  assertEquals(state, { state: "begun", step: 2 });
  ended(await perform(runs.at("stopped"), text, { log_every: 1 }));
  assertEquals(losses(runs.at("stopped")), losses(runs.at("straight")));
});

Deno.test("divergence is a result, with its step and reason", async () => {
  using runs = new TemporaryFolder();
  const [folder, text] = [runs.at("run"), smallText(runs.path)];
  const change = {
    optimizer: { max_learning_rate: 1e6, warmup_steps: 0 },
    model: { ...smallRun("").config.model, norm: "none" },
  };
  const outcome = ended(await perform(folder, text, change));
  assertEquals(outcome.state, "diverged");
  assert(outcome.step >= 1 && outcome.step < 8);
  assert(outcome.reason!.includes("Try a lower max_learning_rate"));
  assertEquals(await perform(folder, text, change), readOutcome(folder));
});

Deno.test("a run that somebody else performs is left to them", async () => {
  using runs = new TemporaryFolder();
  const [folder, text] = [runs.at("run"), smallText(runs.path)];
  {
    using claim = claimFolder(folder);
    assert(claim);
    assertEquals(await perform(folder, text), "busy");
    assertEquals(runState(folder), { state: "new" });
  }
  ended(await perform(folder, text));
});

Deno.test("a damaged outcome is named, with what to do", async () => {
  using runs = new TemporaryFolder();
  const [folder, text] = [runs.at("run"), smallText(runs.path)];
  const outcome = ended(await perform(folder, text));
  Deno.writeTextFileSync(`${folder}/outcome.json`, `{"state": "fini`);
  assertThrows(() => readOutcome(folder), Error, "remove the file, and the run ends anew from its last checkpoint");
  Deno.removeSync(`${folder}/outcome.json`);
  const again = ended(await perform(folder, text));
  assertEquals([again.step, again.validation_loss], [outcome.step, outcome.validation_loss]);
});
