import { answerQuestion } from "../../lib/experiments/answer_question.ts";
import type { Experiment } from "../../lib/experiments/experiment.ts";
import { jobsThatFit } from "../../lib/experiments/forecast.ts";
import { distinctRuns, type PlannedRun, type PlannedVariant, planVariants } from "../../lib/experiments/plan.ts";
import type { PreparedText } from "../../lib/experiments/prepared_text.ts";
import { readResults } from "../../lib/experiments/results.ts";
import type { RunOutcome } from "../../lib/experiments/run_outcome.ts";
import { LOW_RESOURCE_TOKENS, scales, type ScaleSettings } from "../../lib/experiments/scale.ts";
import { shareWork } from "../../lib/experiments/share_work.ts";
import { writeAnswer } from "../../lib/experiments/write_answer.ts";
import { formatSeconds } from "../../lib/data/amounts.ts";
import { openDevice } from "../../mod.ts";
import type { Report } from "../frame/report.ts";
import type { ExperimentOptions } from "./experiment_options.ts";
import { type ForecastRun, forecastRuns, reportPlan } from "./plan_table.ts";
import { prepareText } from "./prepare_text.ts";
import { sourceTexts } from "./source_texts.ts";
import { WorkerRunner } from "./worker_runner.ts";

const ROOT = "runs/experiments";

/** An experiment with its runs as planned. */
interface Planned {
  experiment: Experiment;
  variants: PlannedVariant[];
}

/**
 * Experiments from nothing to their answers: plans the runs, says what they will take, has those performed that have not ended,
 * and writes each answer to a folder of its own.
 *
 * @throws {Error} If a signal stopped it; the message says how to go on.
 */
export async function runExperiments(
  experiments: readonly Experiment[],
  options: ExperimentOptions,
  report: Report,
): Promise<void> {
  const { scale } = options;
  const settings = settingsOf(options);
  const texts = await sourceTexts({ ...options, builtInBytes: settings.builtInBytes });
  const planned = await Promise.all(
    experiments.map(async (experiment) => {
      const variants = experiment.variants(scale, settings);
      const seeds = experiment.seeds[scale];
      return { experiment, variants: await planVariants(variants, seeds, { scale, settings, texts, root: ROOT }) };
    }),
  );
  const runs = distinctRuns(planned.flatMap(({ variants }) => variants));
  for (const { experiment } of planned) report.say(`${experiment.name}: ${experiment.question}`);
  for (const text of Object.values(texts)) report.say(`Text: ${text.about}`);
  const forecasts = forecastWith(options, runs);
  reportPlan(forecasts, ROOT, report);
  const jobs = chooseJobs(options, forecasts, report);
  if (options.dryRun) return;

  const prepared = new Map<string, PreparedText>();
  const keyOf = ({ text, config }: PlannedRun) => `${text} ${config.model.vocab_size}`;
  for (const run of runs) {
    if (prepared.has(keyOf(run))) continue;
    const { vocab_size } = run.config.model;
    prepared.set(keyOf(run), await prepareText(texts[run.text]!, vocab_size, settings, ROOT, report));
  }
  const waiting = forecasts.filter(({ state }) => state.state !== "ended").map(({ run }) => run);
  const begin = performance.now();
  await performRuns(waiting, jobs, (run) => prepared.get(keyOf(run))!, options, report);
  if (waiting.length > 0) report.result("time of the runs", formatSeconds((performance.now() - begin) / 1000));

  for (const { experiment, variants } of planned) {
    const results = readResults(scale, settings, variants);
    const kinds = new Set(variants.flatMap(({ runs }) => runs.map(({ text }) => text)));
    const answer = await answerQuestion(experiment, results, [
      ["text", [...kinds].map((kind) => texts[kind]!.about).join("; ")],
      ["machine", `${navigator.hardwareConcurrency} processors, ${Deno.build.target}, Deno ${Deno.version.deno}`],
      ["runs at a time", `${jobs}, each on ${options.threads} ${options.threads === 1 ? "thread" : "threads"}`],
      ["command", commandOf(experiment.name, options)],
    ]);
    const folder = `${options.out}/${experiment.name}/${scale}`;
    writeAnswer(folder, answer);
    report.say(`\n${answer.title}`);
    for (const paragraph of answer.verdict) report.say(paragraph);
    for (const { title, columns, rows } of answer.tables) {
      report.table(title, columns, rows.map((row) => row.map((cell) => cell ?? null)));
    }
    report.data(experiment.name, { verdict: answer.verdict });
    report.result(`answer of ${experiment.name}`, `${folder}/index.html`);
  }
  if (scale === "smoke") {
    report.note("at this scale an experiment shows that it works, and nothing about language models.");
  }
}

function settingsOf({ scale, tokens, lowResource }: ExperimentOptions): ScaleSettings {
  const settings = scales[scale];
  return { ...settings, tokens: tokens ?? (lowResource ? LOW_RESOURCE_TOKENS : settings.tokens) };
}

function forecastWith({ device: name, threads }: ExperimentOptions, runs: readonly PlannedRun[]): ForecastRun[] {
  using device = openDevice(name, { threads });
  return forecastRuns(runs, device);
}

/** How many runs at a time, with what they will take together said. */
function chooseJobs(
  { jobs: wanted = navigator.hardwareConcurrency, threads }: ExperimentOptions,
  forecasts: readonly ForecastRun[],
  report: Report,
): number {
  const waiting = forecasts.filter(({ state }) => state.state !== "ended").map(({ forecast }) => forecast);
  const jobs = jobsThatFit(wanted, waiting, Deno.systemMemoryInfo().available);
  const seconds = waiting.reduce((sum, run) => sum + run.seconds, 0) / jobs;
  report.result("runs to do", waiting.length);
  report.result("predicted time", formatSeconds(seconds), `with ${jobs} at a time on ${threads} each`);
  return jobs;
}

async function performRuns(
  runs: readonly PlannedRun[],
  jobs: number,
  textOf: (run: PlannedRun) => PreparedText,
  { device, threads }: ExperimentOptions,
  report: Report,
): Promise<void> {
  const { signal } = report;
  const done = new Map<PlannedRun, number>();
  const total = runs.reduce((sum, run) => sum + tokensOf(run), 0);
  const onProgress = (run: PlannedRun, tokens: number) => {
    done.set(run, tokens);
    report.progress({
      phase: "training",
      done: [...done.values()].reduce((sum, tokens) => sum + tokens, 0),
      total,
      unit: "tokens",
    });
  };
  using stack = new DisposableStack();
  const runners = Array.from(
    { length: Math.min(jobs, runs.length) },
    () => stack.use(new WorkerRunner({ device, threads, textOf, signal, onProgress })),
  );
  let ended = 0;
  const allEnded = await shareWork(runs, runners, {
    signal,
    onBusy: (run) => report.say(`  another process works on ${nameOf(run)}`),
    onEnd: (run, outcome) => {
      onProgress(run, tokensOf(run));
      report.say(`  ${++ended}/${runs.length}  ${nameOf(run)}: ${describeOutcome(outcome)}`);
    },
  });
  if (!allEnded) {
    throw new Error("Stopped by a signal; every run is saved. The same command goes on where they are.");
  }
}

function tokensOf({ config }: PlannedRun): number {
  return config.steps * config.batch_size * config.gradient_accumulation_steps * config.model.context_length;
}

function nameOf({ folder }: PlannedRun): string {
  return folder.slice(ROOT.length + 1);
}

function describeOutcome({ state, step, validation_loss, seconds }: RunOutcome): string {
  const how = state === "diverged" ? `diverged at step ${step}` : `validation loss ${validation_loss?.toFixed(4)}`;
  return `${how}, ${formatSeconds(seconds)}`;
}

function commandOf(name: string, { scale, input, openwebtext, lowResource, tokens }: ExperimentOptions): string {
  const file = (path: string) => path.replace(/^.*\//, "");
  return [
    `deno task ${name} --scale ${scale}`,
    ...(input === undefined ? [] : [`--input ${file(input)}`]),
    ...(openwebtext === undefined ? [] : [`--openwebtext ${file(openwebtext)}`]),
    ...(lowResource ? ["--low-resource"] : []),
    ...(tokens === undefined ? [] : [`--tokens ${tokens}`]),
  ].join(" ");
}
