import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { ReadOnlyFolder } from "../../lib/dashboard/read_only_folder.ts";
import { RunReader } from "../../lib/dashboard/run_reader.ts";
import { ExperimentRecord } from "../../lib/training/experiment_record.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { appendMetrics, fallingLoss, writeRun } from "./run_folder.ts";

Deno.test("runs are folders with config.json and metrics.jsonl, however deep", () => {
  using top = new TemporaryFolder();
  for (const name of ["base", "experiments/rope-1a2b", "experiments/none-3c4d"]) writeRun(top.at(name));
  Deno.mkdirSync(top.at("tokenizer"));
  Deno.writeTextFileSync(top.at("tokenizer/config.json"), "{}");
  assertEquals(reader(top).names(), ["base", "experiments/none-3c4d", "experiments/rope-1a2b"]);
});

Deno.test("a run is running while a process holds it, and then finished or stopped by its last step", () => {
  using top = new TemporaryFolder();
  const runs = reader(top);
  const seen: string[] = [];
  {
    using record = ExperimentRecord.create(top.at("run"), { steps: 20 });
    seen.push(runs.read("run").state);
    record.append({ step: 10, tokens: 640, seconds: 1, loss: 4 });
    seen.push(runs.read("run").state);
  }
  seen.push(runs.read("run").state);
  appendMetrics(top.at("run"), { step: 20, tokens: 1280, seconds: 2, loss: 3 });
  seen.push(runs.read("run").state);
  assertEquals(seen, ["running", "running", "stopped", "finished"]);
});

Deno.test("a run can be taken up at the very moment when somebody looks at it", async () => {
  using top = new TemporaryFolder();
  ExperimentRecord.create(top.at("run"), {})[Symbol.dispose]();
  const worker = new Worker(new URL("hold_lock_briefly.ts", import.meta.url), { type: "module" });
  try {
    const held = new Promise((resolve) => worker.onmessage = resolve);
    worker.postMessage(top.at("run/.lock"));
    await held;
    using record = ExperimentRecord.resume(top.at("run"));
    assertEquals(reader(top).read("run").state, "running");
    assertEquals(record.folder, top.at("run"));
  } finally {
    worker.terminate();
  }
});

Deno.test("a model from elsewhere is imported, until somebody trains it", () => {
  using top = new TemporaryFolder();
  writeRun(top.at("run"));
  const runs = reader(top);
  assertEquals(runs.read("run").state, "stopped");
  writeRun(top.at("llama"));
  Deno.writeTextFileSync(top.at("llama/checkpoints/step-00000000.safetensors"), "");
  assertEquals(runs.read("llama").state, "imported");
  appendMetrics(top.at("llama"), { step: 10, tokens: 640, seconds: 1, loss: 4 });
  assertEquals(runs.read("llama").state, "stopped");
});

Deno.test("a run whose loss exploded or is no number has diverged", () => {
  using top = new TemporaryFolder();
  const config = { steps: 100, model: { vocab_size: 50 } };
  const begin = { step: 10, tokens: 640, seconds: 1, loss: 3.9 };
  const next = { step: 20, tokens: 1280, seconds: 2 };
  writeRun(top.at("exploded"), { config, metrics: [begin, { ...next, loss: 9 }] });
  writeRun(top.at("lost"), { config, metrics: [begin, { ...next, loss: null, gradient_norm: null }] });
  writeRun(top.at("high"), { config, metrics: [begin, { ...next, loss: 7 }] }); // below twice ln 50
  const runs = reader(top);
  assertEquals(runs.names().map((name) => runs.read(name).state), ["diverged", "stopped", "diverged"]);
});

Deno.test("a run that diverged at its last step has diverged, and is not finished", () => {
  using top = new TemporaryFolder();
  const config = { steps: 20, model: { vocab_size: 50 } };
  const begin = { step: 10, tokens: 640, seconds: 1, loss: 3.9 };
  const last = { step: 20, tokens: 1280, seconds: 2 };
  writeRun(top.at("1 exploded"), { config, metrics: [begin, { ...last, loss: 9 }] });
  writeRun(top.at("2 lost"), { config, metrics: [begin, { ...last, loss: null }] });
  writeRun(top.at("3 evaluated"), {
    config,
    metrics: [begin, { ...last, loss: 3 }, { ...last, validation_loss: null, perplexity: null }],
  });
  writeRun(top.at("4 well"), { config, metrics: [begin, { ...last, loss: 3 }, { ...last, validation_loss: 3.1 }] });
  const runs = reader(top);
  const states = ["1 exploded", "2 lost", "3 evaluated", "4 well"].map((name) => runs.read(name).state);
  assertEquals(states, ["diverged", "diverged", "diverged", "finished"]);
});

Deno.test("how an experiment says that its run ended decides, where the loss alone would not tell", () => {
  using top = new TemporaryFolder();
  const config = { steps: 100, model: { vocab_size: 50 } };
  writeRun(top.at("run"), { config, metrics: fallingLoss(20) });
  assertEquals(reader(top).read("run").state, "stopped");
  const outcome = { state: "diverged", step: 25, tokens: 1600, seconds: 1, peak_bytes: 0, device: "cpu" };
  const times = { began: "2030-01-01T00:00:00Z", ended: "2030-01-01T00:00:01Z" };
  Deno.writeTextFileSync(top.at("run/outcome.json"), JSON.stringify({ ...outcome, ...times }));
  assertEquals(reader(top).read("run").state, "diverged");
});

Deno.test("a sample that is removed after it was listed is left out", () => {
  using top = new TemporaryFolder();
  writeRun(top.at("run"), { metrics: fallingLoss(20) });
  Deno.mkdirSync(top.at("run/samples"), { recursive: true });
  for (const step of [1, 2]) Deno.writeTextFileSync(top.at(`run/samples/step-${step}.txt`), `after ${step}`);
  const { openSync } = Deno;
  Deno.openSync = (path, options) => {
    if (String(path).endsWith("step-2.txt")) Deno.removeSync(path);
    return openSync(path, options);
  };
  try {
    assertEquals(reader(top).samples("run", 5), [{ step: 1, text: "after 1" }]);
  } finally {
    Deno.openSync = openSync;
  }
});

Deno.test("what is new in a run shows in its stamp and when it is read again", () => {
  using top = new TemporaryFolder();
  const folder = top.at("run");
  writeRun(folder, { metrics: fallingLoss(20) });
  const runs = reader(top);
  const stamps = [runs.stamp("run")];
  assertEquals(runs.read("run").metrics.length, 2);
  appendMetrics(folder, { step: 30, tokens: 1920, seconds: 3, loss: 2.5 });
  stamps.push(runs.stamp("run"));
  assertEquals(runs.read("run").metrics.at(-1)?.loss, 2.5);
  Deno.writeTextFileSync(`${folder}/samples/step-00000030.txt`, "Once");
  Deno.utimeSync(`${folder}/samples`, 1, 1);
  stamps.push(runs.stamp("run"));
  {
    using _held = ExperimentRecord.resume(folder);
    stamps.push(runs.stamp("run"));
  }
  assertEquals(new Set(stamps).size, stamps.length);
  assertNotEquals(stamps[0], stamps[1]);
});

Deno.test("samples come newest first, as many as asked for", () => {
  using top = new TemporaryFolder();
  writeRun(top.at("run"), { samples: { 9: "nine", 10: "ten", 100: "hundred" } });
  assertEquals(reader(top).samples("run", 2), [{ step: 100, text: "hundred" }, { step: 10, text: "ten" }]);
});

Deno.test("damaged files are told of, and the rest of the run is shown", () => {
  using top = new TemporaryFolder();
  writeRun(top.at("run"), { metrics: fallingLoss(20) });
  Deno.writeTextFileSync(top.at("run/config.json"), "{");
  const { metrics, problems, config } = reader(top).read("run");
  assertEquals([metrics.length, config], [2, undefined]);
  assertMatch(problems.join(), /Cannot read run\/config.json: it is no JSON/);
  Deno.writeTextFileSync(top.at("run/metrics.jsonl"), "{}\n{}\n");
  assertMatch(reader(top).read("run").problems.join(), /line 1 is no line of metrics/);
});

function reader(top: TemporaryFolder): RunReader {
  return new RunReader(new ReadOnlyFolder(top.path));
}
