import { assert, assertEquals } from "@std/assert";
import { openDevice } from "../../ffi/devices.ts";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { Random } from "../../lib/tensor/random.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { readMetrics } from "../../lib/training/metrics.ts";
import { train } from "../../lib/training/train_loop.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { endlessConfig, walk } from "./small_run.ts";

const KILLS = 5;

/** Starts the run, or resumes it, and kills it without warning some time after its first new checkpoint. */
async function trainUntilKilled(folder: string, milliseconds: number): Promise<void> {
  const before = newestStep(folder);
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-q",
      "-A",
      "--no-lock",
      decodeURIComponent(new URL("train_until_killed.ts", import.meta.url).pathname),
      folder,
    ],
    stderr: "piped",
  }).spawn();
  let ended = false;
  const output = process.output().then((result) => (ended = true, result));
  while (newestStep(folder) === before && !ended) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  if (!ended) process.kill("SIGKILL");
  const { signal, stderr } = await output;
  assertEquals([signal, new TextDecoder().decode(stderr)], ["SIGKILL", ""]);
}

function newestStep(folder: string): number {
  try {
    return new CheckpointFolder(`${folder}/checkpoints`).latest()?.step ?? 0;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

Deno.test("a run killed at random moments goes on from a whole checkpoint and loses no bit", async () => {
  using runs = new TemporaryFolder();
  const random = new Random(Date.now());
  for (let i = 0; i < KILLS; i++) await trainUntilKilled(runs.at("killed"), 60 * random.uniform());
  const steps = newestStep(runs.at("killed")) + 3;
  assert(steps > 2 * KILLS);

  const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });
  const config = endlessConfig(steps);
  const finish = async (name: string, resume: boolean) => {
    using device = openDevice("cpu", { threads: 1 });
    using trained = await train({ config, device, data, folder: runs.at(name), resume });
    return trained.model.parameters.state();
  };
  assertEquals(await finish("killed", true), await finish("straight", false));
  const losses = (name: string) => readMetrics(runs.at(`${name}/metrics.jsonl`)).map(({ step, loss }) => [step, loss]);
  assertEquals(losses("killed"), losses("straight"));
  const left = Array.from(Deno.readDirSync(runs.at("killed/checkpoints")), ({ name }) => name);
  assertEquals(left.filter((name) => name.endsWith(".tmp")), []);
});
