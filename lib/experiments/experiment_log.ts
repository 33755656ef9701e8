import { configurationRows, differingRows } from "../dashboard/configuration_rows.ts";
import { latestFigures } from "../training/latest_figures.ts";
import type { Run } from "../dashboard/run_reader.ts";
import { plannedSteps } from "../dashboard/run_state.ts";
import { formatNumber, formatSeconds } from "../data/amounts.ts";
import type { Answer, AnswerTable } from "./answer.ts";
import { listOf } from "./describe.ts";

// What follows from the text and the number of steps is no difference of its own.
const FOLLOWING = /^(validation_data|tokenizer|log_every|eval_|checkpoint_every|sample_every|keep_checkpoints)|_steps$/;

// A run that differs in more from every earlier one is described by what it is.
const MOST_DIFFERENCES = 6;

const MODEL_FIELDS = [
  "model.num_layers",
  "model.d_model",
  "model.num_heads",
  "model.context_length",
  "model.vocab_size",
];
const TRAINING_FIELDS = ["batch_size", "steps", "optimizer.max_learning_rate", "seed"];

/**
 * A log of all runs in the order in which they ended: what each changed of the most similar run before it, and how it
 * came out. Written from the runs' own records alone (handout, problem experiment_log).
 */
export function experimentLog(runs: readonly Run[]): Answer {
  const inOrder = runs.toSorted((a, b) => a.changed.getTime() - b.changed.getTime());
  const days = Map.groupBy(inOrder, ({ changed }) => changed.toISOString().slice(0, 10));
  return {
    problem: "experiment_log",
    title: "Log of experiments",
    question: "Which runs were made, how each differed from those before it, and how it came out.",
    verdict: summary(inOrder),
    tables: [...days].map(([day, ended]) => tableOf(day, ended, inOrder)),
    charts: [],
    samples: [],
    runs: [],
    circumstances: [["written from", "config.json and metrics.jsonl of every run below runs/"]],
  };
}

function summary(runs: readonly Run[]): string[] {
  if (runs.length === 0) return ["There are no runs yet; deno task experiments makes some."];
  const states = Map.groupBy(runs, ({ state }) => state);
  const counts = [...states].map(([state, { length }]) => `${length} ${state}`);
  const last = runs.map(({ metrics }) => metrics.at(-1));
  const total = (field: "tokens" | "seconds") => last.reduce((sum, line) => sum + (line?.[field] ?? 0), 0);
  return [
    `${runs.length} runs: ${listOf(counts)}. Together they trained on ${formatNumber(total("tokens"))} tokens in ${
      formatSeconds(total("seconds"))
    }.`,
  ];
}

function tableOf(day: string, ended: readonly Run[], all: readonly Run[]): AnswerTable {
  return {
    title: day,
    columns: ["ended (UTC)", "run", "what is different", "outcome", "validation loss", "time"],
    rows: ended.map((run) => [
      run.changed.toISOString().slice(11, 16),
      run.name,
      describeDifference(run, all.slice(0, all.indexOf(run))),
      describeEnd(run),
      latestFigures(run.metrics).validation_loss ?? undefined,
      formatSeconds(run.metrics.at(-1)?.seconds ?? 0),
    ]),
  };
}

/** What a run changed of the most similar earlier one, or what it is if there is none. */
function describeDifference({ config, isImported }: Run, earlier: readonly Run[]): string {
  if (config === undefined) return "its configuration cannot be read";
  if (isImported) return describeModel(config, MODEL_FIELDS);
  const beside = earlier.filter(({ isImported }) => !isImported).map((other) => ({
    name: other.name,
    rows: differingRows(configurationRows([other.config, config])).filter(({ field }) => !FOLLOWING.test(field)),
  }));
  const nearest = beside.reduce<typeof beside[number] | undefined>(
    // Among equals the latest: people compare with what they have just seen.
    (best, other) => best && best.rows.length < other.rows.length ? best : other,
    undefined,
  );
  if (!nearest || nearest.rows.length > MOST_DIFFERENCES) return describeModel(config);
  if (nearest.rows.length === 0) return `as ${nearest.name}, in every setting`;
  const changes = nearest.rows.map(({ field, values: [there, here] }) =>
    `${field} ${here ?? "left out"} (not ${there ?? "given"})`
  );
  return `as ${nearest.name}, but ${listOf(changes)}`;
}

function describeModel(config: unknown, fields = [...MODEL_FIELDS, ...TRAINING_FIELDS]): string {
  const values = new Map(configurationRows([config]).map(({ field, values: [value] }) => [field, value]));
  const known = fields.flatMap((field) =>
    values.has(field) ? [`${field.replace(/^\w+\./, "")} ${values.get(field)}`] : []
  );
  return known.join(", ");
}

function describeEnd({ state, metrics, config }: Run): string {
  if (state === "imported") return state;
  const step = metrics.at(-1)?.step ?? 0;
  if (state === "finished") return `finished, ${formatNumber(step)} steps`;
  const planned = plannedSteps(config);
  return `${state} at step ${formatNumber(step)} of ${planned === undefined ? "?" : formatNumber(planned)}`;
}
