import type { Answer } from "../../lib/experiments/answer.ts";
import { answerQuestion } from "../../lib/experiments/answer_question.ts";
import { answersIndex } from "../../lib/experiments/answers_index.ts";
import type { Experiment } from "../../lib/experiments/experiment.ts";
import type { PlannedRun } from "../../lib/experiments/plan.ts";
import type { PreparedText } from "../../lib/experiments/prepared_text.ts";
import { readResults } from "../../lib/experiments/results.ts";
import { writeAnswer } from "../../lib/experiments/write_answer.ts";
import { atomicWrite } from "../../mod.ts";
import { taskCommand } from "../frame/command_line.ts";
import { outputFolder } from "../frame/output_folder.ts";
import type { Report } from "../frame/report.ts";
import type { ExperimentOptions } from "./experiment_options.ts";
import { performRuns } from "./perform_runs.ts";
import { type PlannedExperiment, planWork, ROOT, type Work } from "./plan_work.ts";
import { prepareText } from "./prepare_text.ts";

/**
 * Experiments from nothing to their answers: plans the runs, says what they will take, has those performed that have
 * not ended, and writes each answer to a folder of its own.
 *
 * @param task The task that asks for them.
 * @throws {Error} If a signal stopped it; the message says how to go on.
 */
export async function runExperiments(
  task: string,
  experiments: readonly Experiment[],
  options: ExperimentOptions,
  report: Report,
): Promise<void> {
  const work = await planWork(experiments, options, report);
  if (options.dryRun) return;
  using _folder = outputFolder(options.out);
  if (work.waiting.length > 0) {
    const textOf = await prepareTexts(work, report);
    const begin = report.seconds();
    const command = taskCommand(task, Deno.args);
    await performRuns(work, { device: work.device, threads: options.threads, command, textOf }, report);
    report.duration("time of the runs", report.seconds() - begin);
  }
  const answers: Answer[] = [];
  for (const planned of work.planned) answers.push(await answer(planned, work, options, report));
  if (answers.length > 1) {
    const index = `${options.out}/${options.scale}.md`;
    await atomicWrite(index, answersIndex(answers, options.scale));
    report.result("all answers", index);
  }
  if (options.scale === "smoke") {
    report.note("at this scale an experiment shows that it works, and nothing about language models.");
  }
}

/** Prepares every text that waiting runs need, for each vocabulary. */
async function prepareTexts(
  { waiting, texts, settings }: Work,
  report: Report,
): Promise<(run: PlannedRun) => PreparedText> {
  const prepared = new Map<string, PreparedText>();
  const keyOf = ({ text, config }: PlannedRun) => `${text} ${config.model.vocab_size}`;
  for (const run of waiting) {
    if (prepared.has(keyOf(run))) continue;
    const { vocab_size } = run.config.model;
    prepared.set(keyOf(run), await prepareText(texts[run.text]!, vocab_size, settings, ROOT, report));
  }
  return (run) => prepared.get(keyOf(run))!;
}

async function answer(
  { experiment, variants }: PlannedExperiment,
  { settings, texts, jobs }: Work,
  { scale, out, threads }: ExperimentOptions,
  report: Report,
): Promise<Answer> {
  const kinds = new Set(variants.flatMap(({ runs }) => runs.map(({ text }) => text)));
  const answer = await answerQuestion(experiment, readResults(scale, settings, variants), [
    ["text", [...kinds].map((kind) => texts[kind]!.about).join("; ")],
    ["processors", String(navigator.hardwareConcurrency)],
    ["runs at a time", `${jobs}, each on ${threads} ${threads === 1 ? "thread" : "threads"}`],
    // Where a file lies is the reader's own affair.
    ["command", taskCommand(experiment.name, Deno.args.map((word) => word.replace(/^.*\//, "")))],
  ]);
  const folder = `${out}/${experiment.name}/${scale}`;
  writeAnswer(folder, answer);
  report.say(`\n${answer.title}\n`);
  for (const paragraph of answer.verdict) report.say(paragraph);
  report.data(experiment.name, answer.verdict);
  for (const { title, note, columns, rows } of answer.tables) {
    report.table(`${experiment.name}: ${title}`, columns, rows.map((row) => row.map((cell) => cell ?? null)));
    if (note !== undefined) report.say(note);
  }
  report.result(`answer of ${experiment.name}`, `${folder}/index.html`);
  return answer;
}
