import { assert, assertEquals, assertThrows } from "@std/assert";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { metricScalars } from "../../lib/training/metric_scalars.ts";
import { type Metrics, readMetrics } from "../../lib/training/metrics.ts";
import { exportFormats, MetricsExport } from "../../lib/training/metrics_export.ts";
import { readSessions, type RunSession } from "../../lib/training/run_sessions.ts";
import { train } from "../../lib/training/train_loop.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { referenceDevice, smallConfig, walk } from "./small_run.ts";
import { type Event, readEvents } from "./read_events.ts";

const session = (step: number, seconds: number, started: string): RunSession => ({
  ...{ step, seconds, started, device: "cpu", description: "", system: "", parameters: 1 },
});

const begin = session(0, 0, "2026-01-01T00:00:00.000Z");
const beginTime = Date.parse(begin.started) / 1000;

const metrics: Metrics[] = [
  { step: 10, tokens: 640, seconds: 1.5, loss: 4.25, learning_rate: 0.001, gradient_norm: 2, tokens_per_second: 426.7 },
  { step: 20, tokens: 1280, seconds: 3, loss: 4, learning_rate: 0.002, gradient_norm: 1, tokens_per_second: 426.7 },
  { step: 20, tokens: 1280, seconds: 3.25, validation_loss: 4.5, perplexity: 90, bits_per_byte: 2.5 },
  { step: 30, tokens: 1920, seconds: 4.5, loss: null, learning_rate: 0.003, gradient_norm: null },
];

/** The one event file in a folder. */
function eventsIn(folder: TemporaryFolder): Event[] {
  const names = folder.names().filter((name) => name.startsWith("events.out.tfevents."));
  assertEquals(names.length, 1);
  return readEvents(Deno.readFileSync(folder.at(names[0])));
}

function wandbRows(path: string): Record<string, unknown>[] {
  return Deno.readTextFileSync(path).trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("a TensorBoard file holds every measurement under its step, time and tag", () => {
  using folder = new TemporaryFolder();
  {
    using exported = new MetricsExport(folder.path, ["tensorboard"], metrics.slice(0, 2), [begin]);
    metrics.slice(2).forEach((line) => exported.append(line));
  }
  const [version, restart, ...events] = eventsIn(folder);
  assertEquals(version, { wallTime: beginTime, fileVersion: "brain.Event:2" });
  assertEquals(restart, { wallTime: beginTime, step: 0, sessionStatus: 1 });
  assertEquals(events.map(({ step, wallTime }) => [step, wallTime - beginTime]), [[10, 1.5], [20, 3], [20, 3.25], [
    30,
    4.5,
  ]]);
  const single = ({ scalars }: Event) => Object.fromEntries(scalars!);
  const rounded = (line: Metrics) =>
    Object.fromEntries(Object.entries(metricScalars(line)).map(([tag, value]) => [tag, Math.fround(value)]));
  assertEquals(events.map(single), metrics.map(rounded));
  assertEquals(Number.isNaN(events[3].scalars!.get("train/loss")), true);
});

Deno.test("a step beyond 2^32 stays what it is", () => {
  using folder = new TemporaryFolder();
  using exported = new MetricsExport(folder.path, ["tensorboard"], [], [begin]);
  exported.append({ step: 2 ** 40 + 3, tokens: 1, seconds: 1, loss: 1 });
  assertEquals(eventsIn(folder).at(-1)?.step, 2 ** 40 + 3);
});

Deno.test("a damaged event file is noticed by its checksums", () => {
  using folder = new TemporaryFolder();
  new MetricsExport(folder.path, ["tensorboard"], metrics, [begin])[Symbol.dispose]();
  const bytes = Deno.readFileSync(folder.at(folder.names()[0]));
  for (const place of [0, 9, 20, bytes.length - 1]) {
    const damaged = bytes.slice();
    damaged[place] ^= 1;
    assertThrows(() => readEvents(damaged), Error, "checksum");
  }
});

Deno.test("a Weights & Biases history has one row a step, with everything that was measured there", () => {
  using folder = new TemporaryFolder();
  new MetricsExport(folder.path, ["wandbJsonl"], metrics, [begin])[Symbol.dispose]();
  const rows = wandbRows(folder.at("wandb-history.jsonl"));
  assertEquals(rows.map(({ _step, _runtime, _timestamp }) => [_step, _runtime, Number(_timestamp) - beginTime]), [
    [10, 1.5, 1.5],
    [20, 3.25, 3.25],
    [30, 4.5, 4.5],
  ]);
  assertEquals(rows[1], {
    ...{ _step: 20, _runtime: 3.25, _timestamp: beginTime + 3.25, tokens: 1280 },
    ...{ "train/loss": 4, "train/learning_rate": 0.002, "train/gradient_norm": 1, "train/tokens_per_second": 426.7 },
    ...{ "validation/loss": 4.5, "validation/perplexity": 90, "validation/bits_per_byte": 2.5 },
  });
  assertEquals(rows[2]["train/loss"], "NaN");
});

Deno.test("lines of a resumed run are dated by the process that measured them", () => {
  using folder = new TemporaryFolder();
  const again = session(20, 3.25, "2026-01-02T00:00:00.000Z");
  new MetricsExport(folder.path, ["wandbJsonl"], metrics, [begin, again])[Symbol.dispose]();
  const times = wandbRows(folder.at("wandb-history.jsonl")).map(({ _timestamp }) => Number(_timestamp) - beginTime);
  assertEquals(times, [1.5, 3.25, 24 * 3600 + 1.25]);
});

Deno.test("after stop and resume the exports tell what the run's own metrics tell, once", async () => {
  using runs = new TemporaryFolder();
  const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });
  const optimizer = { max_learning_rate: 0.01, warmup_steps: 2, cosine_steps: 8 };
  const folder = runs.at("a");
  const trainTo = async (steps: number, resume: boolean) => {
    using device = referenceDevice();
    const config = smallConfig({ steps, optimizer, log_every: 1, checkpoint_every: 2 });
    (await train({ config, device, data, validation: data, folder, resume, exports: exportFormats }))[Symbol.dispose]();
  };
  await trainTo(5, false);
  // As if killed after step 5, with the checkpoint of step 4 the last: what came after is measured again.
  Deno.removeSync(`${folder}/checkpoints/step-00000005.safetensors`);
  await trainTo(8, true);
  const own = readMetrics(`${folder}/metrics.jsonl`);
  assertEquals(wandbRows(`${folder}/wandb-history.jsonl`).map(({ _step }) => _step), [
    ...new Set(own.map(({ step }) => step)),
  ]);
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => name.includes("tfevents"));
  const events = readEvents(Deno.readFileSync(`${folder}/${names[0]}`)).filter(({ scalars }) => scalars);
  assertEquals([names.length, events.map(({ step }) => step)], [1, own.map(({ step }) => step)]);
  assert(readSessions(folder).length === 2);
});
