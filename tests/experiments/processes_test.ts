import { assert, assertEquals, assertMatch } from "@std/assert";
import { readOutcome } from "../../lib/experiments/run_outcome.ts";
import { readMetrics } from "../../lib/training/metrics.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

// The task as people call it, in real processes: what threads and promises of one process cannot show.

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);
const RUNS = "runs/experiments";

function start(folder: string, ...args: string[]): Deno.ChildProcess {
  const script = ["--config", `${root}deno.json`, `${root}scripts/no_pos_emb.ts`];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--no-lock", ...script, "--scale", "smoke", "--device", "cpu", "--jobs", "1", ...args],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function endOf(process: Deno.ChildProcess): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await process.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function runFolders(folder: string): string[] {
  return Array.from(Deno.readDirSync(`${folder}/${RUNS}`), ({ name }) => `${folder}/${RUNS}/${name}`)
    .filter((path) => !path.includes("/text-")).sort();
}

Deno.test("two processes given the same experiment share its runs, and both write the answer", async () => {
  using folder = new TemporaryFolder();
  const ends = await Promise.all([start(folder.path), start(folder.path)].map(endOf));
  for (const { code, stderr, stdout } of ends) {
    assertEquals([code, stderr], [0, ""]);
    assertMatch(stdout, /NoPE is \w+ by/);
  }
  const runs = runFolders(folder.path);
  assertEquals(runs.length, 2);
  for (const run of runs) {
    // Steps of training 1 to 16 once each: nobody did a run over again.
    const steps = readMetrics(`${run}/metrics.jsonl`).filter(({ loss }) => loss !== undefined).map(({ step }) => step);
    assertEquals(steps, Array.from({ length: 16 }, (_, i) => i + 1));
    assertEquals(readOutcome(run)?.state, "finished");
  }
  const answer = Array.from(Deno.readDirSync(folder.at("results/no_pos_emb/smoke")), ({ name }) => name);
  assertEquals(answer.filter((name) => name.endsWith(".tmp")), []);
  assert(answer.includes("index.html"));
});

Deno.test({
  name: "Ctrl-C saves the run at hand and says how to go on; the same command then ends it",
  ignore: Deno.build.os === "windows",
  async fn() {
    using folder = new TemporaryFolder();
    const tokens = ["--tokens", String(64 * 1200)];
    const process = start(folder.path, ...tokens);
    const end = endOf(process);
    const stepsOfFirst = () => {
      try {
        return readMetrics(`${runFolders(folder.path)[0]}/metrics.jsonl`).length;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return 0;
        throw error;
      }
    };
    while (stepsOfFirst() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    process.kill("SIGINT");
    const { code, stderr } = await end;
    assertEquals([code, stderr], [
      130,
      "Stopped by a signal; every run is saved. The same command goes on from there.\n",
    ]);
    const [stopped] = runFolders(folder.path);
    assertEquals(readOutcome(stopped), undefined);
    const { stdout, code: codeOfSecond } = await endOf(start(folder.path, ...tokens));
    assertMatch(stdout, /stopped at step \d/);
    assertEquals([codeOfSecond, readOutcome(stopped)?.step], [0, 1200]);
  },
});

Deno.test("a damaged file of a prepared text or a run is said with its name and what to do, without a stack", async () => {
  using folder = new TemporaryFolder();
  assertEquals((await endOf(start(folder.path))).code, 0);
  const [run] = runFolders(folder.path);
  Deno.removeSync(`${run}/outcome.json`);
  const [text] = Array.from(Deno.readDirSync(folder.at(RUNS)), ({ name }) => name).filter((name) =>
    /^text-/.test(name)
  );
  const record = folder.at(`${RUNS}/${text}/text.json`);
  const whole = Deno.readTextFileSync(record);
  Deno.writeTextFileSync(record, `{"about": 3`);
  const prepared = await endOf(start(folder.path));
  assertEquals(prepared.code, 1);
  assertMatch(
    prepared.stderr,
    /^Cannot read runs\/.*text\.json: it is not JSON .*; remove the folder runs\/\S+, and it is prepared anew\n$/,
  );
  Deno.writeTextFileSync(record, whole);
  for (const { name } of Array.from(Deno.readDirSync(`${run}/checkpoints`))) {
    Deno.writeTextFileSync(`${run}/checkpoints/${name}`, "");
  }
  const failed = await endOf(start(folder.path));
  assertEquals(failed.code, 1);
  assertMatch(
    failed.stderr,
    /^The run in runs\/\S+ failed: Cannot read \S+\.safetensors: it has 0 bytes; a safetensors file has at least 8\n$/,
  );
});
