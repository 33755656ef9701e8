import { assertEquals, assertMatch } from "@std/assert";
import { writeNpy } from "../../lib/data/npy.ts";
import { openSafetensors } from "../../lib/data/safetensors.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { readMetrics } from "../../lib/training/metrics.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { walk } from "../training/small_run.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

// The schedule does not depend on the number of steps, so a run without an end may be compared with one that has one.
const settings = [
  ...["--data", "ids.npy", "--device", "cpu", "--threads", "1", "--optimizer.cosine_steps", "1000", "--log_every", "1"],
  ...["--model.vocab_size", "12", "--model.context_length", "6", "--model.num_layers", "1", "--model.d_model", "8"],
  ...["--model.num_heads", "2", "--batch_size", "2", "--checkpoint_every", "1000000", "--eval_every", "1000000"],
];

/** The task `train` as a process of its own, with its run under a folder's runs/. */
function train(folder: TemporaryFolder, words: readonly string[]): Deno.ChildProcess {
  const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/train.ts`, ...words];
  return new Deno.Command(Deno.execPath(), { args, cwd: folder.path, stdout: "piped", stderr: "piped" }).spawn();
}

async function trainToEnd(folder: TemporaryFolder, words: readonly string[]): Promise<void> {
  const { code, stderr } = await train(folder, words).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
}

/** Starts a run without an end and signals it once it trains; gives what it said and the step that it came to. */
async function trainUntil(signal: Deno.Signal, folder: TemporaryFolder): Promise<{ said: string; step: number }> {
  const process = train(folder, [...settings, "--name", "stopped", "--steps", "1000000"]);
  let ended = false;
  const output = process.output().finally(() => ended = true);
  while (!ended && readMetrics(folder.at("runs/stopped/metrics.jsonl")).length < 10) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  if (!ended) process.kill(signal);
  const { code, stderr } = await output;
  const said = new TextDecoder().decode(stderr);
  assertEquals(code, 130, said);
  return { said, step: Number(/after step (\d+) of/.exec(said)?.[1]) };
}

/** All tensors of the newest checkpoint of a run: weights and moments. */
function tensors(folder: TemporaryFolder, name: string): Map<string, unknown> {
  using file = openSafetensors(new CheckpointFolder(folder.at(`runs/${name}/checkpoints`)).latest()!.path);
  return new Map(file.names.map((tensor) => [tensor, file.read(tensor)]));
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test({
    name: `${signal} lets train finish its step, save, and say how to go on; going on changes no bit`,
    ignore: Deno.build.os === "windows",
    fn: async () => {
      using folder = new TemporaryFolder();
      writeNpy(folder.at("ids.npy"), Uint16Array.from(walk(400)));
      const { said, step } = await trainUntil(signal, folder);
      assertMatch(
        said,
        /^Stopped by a signal after step \d+ of 1000000; all is saved\. To go on: deno task train (.*)\n$/,
      );
      assertEquals(new CheckpointFolder(folder.at("runs/stopped/checkpoints")).list().map((file) => file.step), [step]);
      assertEquals(readMetrics(folder.at("runs/stopped/metrics.jsonl")).at(-1)?.step, step);

      const steps = ["--steps", String(step + 20)];
      const words = /deno task train (.*)\n/.exec(said)![1].split(" ");
      await trainToEnd(folder, [...words, "--threads", "1", ...steps]);
      await trainToEnd(folder, [...settings, "--name", "straight", ...steps]);
      assertEquals(tensors(folder, "stopped"), tensors(folder, "straight"));
    },
  });
}
