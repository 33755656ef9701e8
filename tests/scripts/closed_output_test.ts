import { existsSync } from "node:fs";
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { z } from "zod";
import { quoteWord } from "../../scripts/frame/command_line.ts";
import { execute, type ScriptMain } from "../../scripts/frame/run_script.ts";
import { NoReaderError, writeText } from "../../scripts/frame/write_text.ts";
import { writeNpy } from "../../lib/data/npy.ts";
import { claimFolder } from "../../lib/experiments/claim.ts";
import { readMetrics } from "../../lib/training/metrics.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { walk } from "../training/small_run.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** A stream of which each call does the next thing: takes so many bytes, or fails. */
function sink(...turns: (number | Error)[]) {
  let taken = "";
  const writeSync = (bytes: Uint8Array) => {
    const turn = turns.shift() ?? bytes.length;
    if (typeof turn !== "number") throw turn;
    taken += new TextDecoder().decode(bytes.subarray(0, turn));
    return Math.min(turn, bytes.length);
  };
  return { writeSync, taken: () => taken };
}

Deno.test("a text is written whole, however little a pipe takes at a time, and whether or not it waits", () => {
  const slow = sink(1, new Deno.errors.WouldBlock("Resource temporarily unavailable (os error 11)"), 3);
  writeText(slow, "Once upon a time");
  assertEquals(slow.taken(), "Once upon a time");
});

Deno.test("what is said to a terminal that was closed is lost, to a full disk an error, to nobody the end", () => {
  writeText(sink(2, Object.assign(new Error("Input/output error (os error 5)"), { code: "EIO" })), "Once");
  const full = sink(Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" }));
  assertThrows(() => writeText(full, "Once"), Error, "Cannot write to the standard output: No space left on device");
  assertThrows(() => writeText(sink(new Deno.errors.BrokenPipe()), "Once"), NoReaderError);
});

Deno.test("a task that nobody reads ends well; one that can be stopped is, and saves what it has", async () => {
  const run = async (main: ScriptMain<z.ZodObject>) => {
    let lines = 0, stderr = "";
    const stdout = () => {
      if (++lines > 1) throw new NoReaderError("Stopped: nobody reads");
    };
    const script = { name: "count", summary: "counts", options: z.object({}), permissions: "none" };
    const output = { stdout, stderr: (text: string) => stderr += text, atTerminal: false };
    return { code: await execute(script, main, [], output), stderr };
  };
  let isDisposed = false;
  const plain = await run((_, report) => {
    using undo = new DisposableStack();
    undo.defer(() => isDisposed = true);
    for (;;) report.say("next");
  });
  assertEquals([plain, isDisposed], [{ code: 0, stderr: "" }, true]);
  let saved = 0;
  const stoppable = await run((_, report) => {
    const { signal } = report;
    while (!signal.aborted) report.say("next");
    report.say(`saved ${++saved}`);
    throw new Error("Stopped by a signal; all is saved.");
  });
  assertEquals([stoppable, saved], [{ code: 130, stderr: "Stopped by a signal; all is saved.\n" }, 1]);
});

// The task `train` on ids that are there, without an end.
const endless = [
  ...[Deno.execPath(), "run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/train.ts`],
  ...["--data", "ids.npy", "--device", "cpu", "--threads", "1", "--optimizer.cosine_steps", "1000", "--log_every", "1"],
  ...["--model.vocab_size", "12", "--model.context_length", "6", "--model.num_layers", "1", "--model.d_model", "8"],
  ...["--model.num_heads", "2", "--batch_size", "2", "--checkpoint_every", "1000000", "--eval_every", "1000000"],
  ...["--steps", "1000000", "--name", "a"],
];

// Starts it, by another program if one is given, and stops it when it is well under way: `stop` gets whoever reads its
// output, since a task waits while nobody does.
async function stopped(
  stop: (process: Deno.ChildProcess, output: Reader, metrics: () => number) => void | Promise<void>,
  by: readonly string[] = [],
): Promise<void> {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("ids.npy"), Uint16Array.from(walk(400)));
  const [program, ...args] = [...by, ...endless];
  const options = { args, cwd: folder.path, stdout: "piped", stderr: "piped" } as const;
  const process = new Deno.Command(program, options).spawn();
  const output = new Reader(process.stdout);
  const stderr = new Response(process.stderr).text();
  const metrics = () => readMetrics(folder.at("runs/a/metrics.jsonl")).length;
  await reached(metrics, 5);
  await stop(process, output, metrics);
  const { code } = await process.status;
  await output.close();
  const said = await stderr;
  assertEquals(code, 130, said);
  assertMatch(said, /Stopped by a signal after step \d+ of 1000000; all is saved/);
  assertSaved(folder, Number(/after step (\d+)/.exec(said)![1]));
}

/** Reads an output until that ends or is closed. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #end: Promise<void>;

  constructor(output: ReadableStream<Uint8Array>) {
    this.#reader = output.getReader();
    this.#end = this.#read();
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
    await this.#end;
  }

  async #read(): Promise<void> {
    while (!(await this.#reader.read()).done);
  }
}

async function reached(count: () => number, least: number): Promise<void> {
  while (count() < least) await new Promise((resolve) => setTimeout(resolve, 10));
}

function assertSaved(folder: TemporaryFolder, step: number): void {
  const checkpoints = Array.from(Deno.readDirSync(folder.at("runs/a/checkpoints")), ({ name }) => name);
  assertEquals(checkpoints, [`step-${String(step).padStart(8, "0")}.safetensors`]);
  assert(step >= 5);
}

Deno.test({
  name: "train saves all when nobody reads its output any more, and when told twice",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await stopped((_process, output) => output.close());
    await stopped(async (process) => {
      for (const signal of ["SIGTERM", "SIGTERM"] as const) {
        process.kill(signal);
        await new Promise((resolve) => setTimeout(resolve, 3));
      }
    });
  },
});

Deno.test({
  name: "train goes on under nohup when its terminal is closed",
  ignore: Deno.build.os === "windows",
  fn: () =>
    stopped(async (process, _output, metrics) => {
      process.kill("SIGHUP");
      await reached(metrics, metrics() + 20);
      process.kill("SIGINT");
    }, ["nohup"]),
});

Deno.test({
  name: "train saves all when its terminal is closed",
  ignore: Deno.build.os !== "linux" || !existsSync("/usr/bin/script"),
  fn: async () => {
    using folder = new TemporaryFolder();
    writeNpy(folder.at("ids.npy"), Uint16Array.from(walk(400)));
    const command = endless.map(quoteWord).join(" ");
    // script(1) is a terminal with the task in it.
    const options = { cwd: folder.path, stdin: "null", stdout: "null", stderr: "null" } as const;
    const terminal = new Deno.Command("script", { args: ["-qc", `exec ${command}`, "/dev/null"], ...options }).spawn();
    const metrics = () => readMetrics(folder.at("runs/a/metrics.jsonl"));
    await reached(() => metrics().length, 5);
    terminal.kill("SIGKILL");
    await terminal.status;
    const hasEnded = () => {
      using claim = claimFolder(folder.at("runs/a"));
      return claim === undefined ? 0 : 1;
    };
    await reached(hasEnded, 1);
    assertSaved(folder, metrics().at(-1)!.step);
  },
});
