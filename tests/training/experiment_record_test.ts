import { assertEquals, assertThrows } from "@std/assert";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { ExperimentRecord } from "../../lib/training/experiment_record.ts";
import { type Metrics, readMetrics } from "../../lib/training/metrics.ts";
import { fullDisk } from "../data/full_disk.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

function line(step: number): Metrics {
  return { step, tokens: step * 64, seconds: step / 2, loss: 4 / step, learning_rate: 1e-3, gradient_norm: 1 };
}

Deno.test("a run's folder holds its configuration, metrics, samples and checkpoints", () => {
  using runs = new TemporaryFolder();
  using record = ExperimentRecord.create(runs.at("a/b"), { seed: 3 });
  record.append(line(1));
  record.append({ step: 1, tokens: 64, seconds: 1, validation_loss: 3, perplexity: Math.exp(3) });
  record.append({ step: 2, tokens: 128, seconds: 1, loss: null });
  record.writeSample(2, "Once");
  assertEquals(JSON.parse(Deno.readTextFileSync(runs.at("a/b/config.json"))), { seed: 3 });
  assertEquals(readMetrics(record.metricsPath).map((metrics) => metrics.step), [1, 1, 2]);
  assertEquals(Deno.readTextFileSync(runs.at("a/b/samples/step-00000002.txt")), "Once\n");
  assertEquals(Deno.statSync(record.checkpointFolder).isDirectory, true);
});

Deno.test("a resumed run loses the lines after its checkpoint and the one that was cut short", () => {
  using runs = new TemporaryFolder();
  const folder = runs.at("a");
  {
    using record = ExperimentRecord.create(folder, {});
    for (const step of [1, 2, 3, 4]) record.append(line(step));
  }
  const path = `${folder}/metrics.jsonl`;
  const whole = Deno.readFileSync(path);
  // However much of the last line reached the disk, the lines before it stand.
  for (const cut of [1, 2, 20, 60]) {
    Deno.writeFileSync(path, whole.subarray(0, whole.length - cut));
    assertEquals(readMetrics(path), [line(1), line(2), line(3)]);
    using record = ExperimentRecord.resume(folder);
    record.cutAfter(2);
    record.append(line(3));
    assertEquals(readMetrics(path), [line(1), line(2), line(3)]);
  }
});

Deno.test("a line of metrics for which the disk has no room leaves no half of it", () => {
  using runs = new TemporaryFolder();
  using record = ExperimentRecord.create(runs.at("a"), {});
  record.append(line(1));
  for (const room of [0, 1, 30]) {
    {
      using _full = fullDisk(room);
      assertThrows(() => record.append(line(2)), DiskFullError, `Cannot write ${record.metricsPath}: no space is left`);
    }
    assertEquals(Deno.readTextFileSync(record.metricsPath), JSON.stringify(line(1)) + "\n");
  }
  record.append(line(2));
  assertEquals(readMetrics(record.metricsPath), [line(1), line(2)]);
});

Deno.test("resuming removes temporary files that a killed process left", () => {
  using runs = new TemporaryFolder();
  ExperimentRecord.create(runs.at("a"), {})[Symbol.dispose]();
  Deno.writeTextFileSync(runs.at("a/checkpoints/step-1.safetensors.77.abc.tmp"), "half");
  using record = ExperimentRecord.resume(runs.at("a"));
  assertEquals([...Deno.readDirSync(record.checkpointFolder)], []);
});

Deno.test("a run is neither overwritten nor resumed where there is none", () => {
  using runs = new TemporaryFolder();
  ExperimentRecord.create(runs.at("a"), {})[Symbol.dispose]();
  assertThrows(() => ExperimentRecord.create(runs.at("a"), {}), Error, "it holds one already; continue that");
  assertThrows(() => ExperimentRecord.resume(runs.at("b")), Error, "it holds no run");
  assertEquals(runs.names(), ["a"]);
});

Deno.test("one process at a time works on a run", () => {
  using runs = new TemporaryFolder();
  using _first = ExperimentRecord.create(runs.at("a"), {});
  assertThrows(() => ExperimentRecord.resume(runs.at("a")), Error, "another process works on this run");
});

Deno.test("a damaged line of metrics is named", () => {
  using runs = new TemporaryFolder();
  Deno.writeTextFileSync(runs.at("m"), `{"step":1,"tokens":1,"seconds":1}\n{"step":-1,"tokens":1,"seconds":1}\n`);
  assertThrows(() => readMetrics(runs.at("m")), Error, "line 2 is no line of metrics (step is ");
  assertEquals(readMetrics(runs.at("missing")), []);
});
