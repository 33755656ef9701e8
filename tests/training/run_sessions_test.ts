import { assertEquals, assertThrows } from "@std/assert";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { readSamples } from "../../lib/training/run_samples.ts";
import { readSessions } from "../../lib/training/run_sessions.ts";
import { train } from "../../lib/training/train_loop.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { referenceDevice, smallConfig, walk } from "./small_run.ts";

const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });

async function trainTo(steps: number, folder: string, options: { resume?: boolean; command?: string } = {}) {
  using device = referenceDevice();
  const optimizer = { max_learning_rate: 0.01, warmup_steps: 2, cosine_steps: 8 };
  using trained = await train({ config: smallConfig({ steps, optimizer }), device, data, folder, ...options });
  return trained.model.parameters.count;
}

Deno.test("every process that works on a run leaves when, where and by which command", async () => {
  using runs = new TemporaryFolder();
  const folder = runs.at("a");
  const before = Date.now();
  const parameters = await trainTo(4, folder, { command: "deno task train" });
  await trainTo(8, folder, { resume: true });
  const sessions = readSessions(folder);
  assertEquals(
    sessions.map(({ step, device, command }) => [step, device, command]),
    [[0, "reference", "deno task train"], [4, "reference", undefined]],
  );
  assertEquals([sessions[0].seconds, sessions[1].seconds > 0], [0, true]);
  for (const session of sessions) {
    assertEquals(session.parameters, parameters);
    assertEquals(Date.parse(session.started) >= before && Date.parse(session.started) <= Date.now(), true);
    assertEquals(session.system.startsWith(`${Deno.build.os} ${Deno.build.arch}`), true);
  }
});

Deno.test("a damaged line of sessions is named; a run without any has none", () => {
  using runs = new TemporaryFolder();
  assertEquals(readSessions(runs.path), []);
  Deno.writeTextFileSync(runs.at("sessions.jsonl"), `{"step":0}\n`);
  assertThrows(() => readSessions(runs.path), Error, "line 1 is no session of a run (started is missing; ");
});

Deno.test("samples are read in the order of steps, whatever else lies there", () => {
  using runs = new TemporaryFolder();
  assertEquals(readSamples(runs.path), []);
  Deno.mkdirSync(runs.at("samples"));
  const files = {
    "step-00000200.txt": "two\n",
    "step-123456789.txt": "three\n\n",
    "step-00000090.txt": "one",
    "a.txt": "",
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(runs.at(`samples/${name}`), text);
  assertEquals(readSamples(runs.path), [
    { step: 90, text: "one" },
    { step: 200, text: "two" },
    { step: 123456789, text: "three\n" },
  ]);
});
