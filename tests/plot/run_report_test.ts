import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { writeRunReport } from "../../lib/plot/run_report.ts";
import { ExperimentRecord } from "../../lib/training/experiment_record.ts";
import type { Metrics } from "../../lib/training/metrics.ts";
import type { RunSession } from "../../lib/training/run_sessions.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const config = { model: { d_model: 64 }, optimizer: { min_learning_rate: 0.003 / 10 }, steps: 1200 };

const session: RunSession = {
  started: "2026-02-03T04:05:06.000Z",
  step: 0,
  seconds: 0,
  device: "cpu",
  description: "WebAssembly, 2 threads",
  system: "linux x86_64",
  parameters: 1_010_816,
  command: "deno task train --name '<a>'",
};

function lines(steps: number): Metrics[] {
  return Array.from({ length: steps }, (_, i): Metrics => ({
    ...{ step: 100 * (i + 1), tokens: 6400 * (i + 1), seconds: 5 * (i + 1) },
    ...(i % 2 === 0
      ? { loss: 5 / (i + 1), tokens_per_second: 1280.4, mfu: 0.25 }
      : { validation_loss: 6 / i, perplexity: Math.exp(6 / i), bits_per_byte: 1.5 }),
  }));
}

/** The report of a run with these lines. */
async function reportOf(metrics: readonly Metrics[], fill: (record: ExperimentRecord) => void = () => {}) {
  using runs = new TemporaryFolder();
  const folder = runs.at("a");
  {
    using record = ExperimentRecord.create(folder, config);
    for (const line of metrics) record.append(line);
    fill(record);
  }
  await writeRunReport(folder, "a run");
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  return { names, page: Deno.readTextFileSync(`${folder}/report.html`) };
}

/** The value beside a name in a table of the page. */
function valueOf(page: string, name: string): string | undefined {
  return new RegExp(`<tr><td>${name.replace(/[()]/g, "\\$&")}</td><td[^>]*>([^<]*)</td></tr>`).exec(page)?.[1];
}

Deno.test("a run's page tells curves, figures, samples, settings, device and command", async () => {
  const { names, page } = await reportOf(lines(4), (record) => {
    record.beginSession(session);
    record.writeSample(200, "Once <upon>");
    record.writeSample(400, "a time\n  there");
  });
  assert(names.includes("learning_curve.svg"));
  assertStringIncludes(page, "400 of 1,200 steps on 25,600 tokens in 20.0 s on cpu: validation loss 2.0000.");
  assertEquals(page.split("<svg").length - 1, 2);
  const figures = ["parameters", "training loss", "validation loss", "perplexity", "tokens per second"];
  assertEquals(figures.map((name) => valueOf(page, name)), ["1,010,816", "1.6667", "2.0000", "7.39", "1,280"]);
  assertEquals(valueOf(page, "share of the device's peak (MFU)".replace("'", "&#39;")), "25 %");
  assertEquals(valueOf(page, "model.d_model"), "64");
  assertEquals(valueOf(page, "optimizer.min_learning_rate"), "0.0003");
  assertStringIncludes(page, "<td>WebAssembly, 2 threads</td>");
  assertStringIncludes(page, "<code>deno task train --name &#39;&lt;a&gt;&#39;</code>");
  assert(page.indexOf("a time\n  there") < page.indexOf("Once &lt;upon&gt;"), "the newest sample comes first");
});

Deno.test("a run's page judges it by its last evaluation, and names the lowest", async () => {
  const end = { step: 500, tokens: 32_000, seconds: 25, validation_loss: 9.5, perplexity: Math.exp(9.5) };
  const { page } = await reportOf([...lines(4), end]);
  assertStringIncludes(page, "validation loss 9.5000.");
  assertEquals(valueOf(page, "lowest validation loss"), "2.0000");
});

Deno.test("a run without evaluation is judged by its training loss, and one that diverged says so", async () => {
  const sane = { step: 1, tokens: 64, seconds: 1, loss: 3 };
  assertStringIncludes((await reportOf([sane])).page, "training loss 3.0000.");
  const { page } = await reportOf([sane, { step: 2, tokens: 128, seconds: 2, loss: null }]);
  assertStringIncludes(page, "training loss not finite.");
});

Deno.test("a run that has measured nothing yet has a page, and no curve", async () => {
  const { names, page } = await reportOf([]);
  assertEquals(names.includes("learning_curve.svg"), false);
  assertStringIncludes(page, "No loss has been measured yet.");
});

Deno.test("a resumed run's page has all commands, the first one first", async () => {
  const again = { ...session, step: 200, command: "deno task train --resume" };
  const { page } = await reportOf(lines(4), (record) => [session, again].forEach((one) => record.beginSession(one)));
  assertStringIncludes(page, "Begun by the first command, resumed by the others");
  assert(page.indexOf("train --name") < page.indexOf("train --resume"));
});

Deno.test("where there is no run there is no page", async () => {
  using runs = new TemporaryFolder();
  await assertRejects(() => writeRunReport(runs.path), Error, "there is no such file");
  assertEquals(runs.names(), []);
});
