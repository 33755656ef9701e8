import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { z } from "zod";
import { blasPaths } from "../../ffi/cpu/blas_library.ts";
import { usualPlaces } from "../../ffi/cuda/find_library.ts";

// Every task runs here under its own permission set, in a copy of the project: what a task asks for beyond its set
// makes it fail. And each grant of a set is taken away once: then some task must be stopped, or the grant is not
// needed.

const root = new URL("../../", import.meta.url);

const Grant = z.union([z.boolean(), z.array(z.string())]);
const Configuration = z.object({
  permissions: z.record(z.string(), z.record(z.string(), Grant)),
  tasks: z.record(
    z.string(),
    z.object({ description: z.string(), command: z.string().optional(), dependencies: z.array(z.string()).optional() }),
  ),
});
const configuration = Configuration.parse(JSON.parse(Deno.readTextFileSync(new URL("deno.json", root))));

/** The runs that show what each task needs; small, and without anything that a user's machine would lack. */
// Where there are Workers, 10 MB of text make them start.
const runs: Record<string, (outside: string) => string[][]> = {
  demo: () => [["--bytes", "1e7", "--vocab-size", "300", "--steps", "2"]],
  data: () => [["tinystories", "--split", "valid", "--from", serve()]],
  unicode1: () => [[]],
  unicode2: () => [[]],
  train_bpe: (outside) => [
    ["--built-in-bytes", "1e7", "--vocab-size", "400"],
    ["--input", text(outside), "--vocab-size", "300", "--out", "results/tokenizer"],
  ],
  train_bpe_tinystories: () => [["--built-in-bytes", "2e5", "--vocab-size", "400"]],
  train_bpe_expts_owt: () => [["--built-in-bytes", "2e5", "--vocab-size", "500"]],
  tokenizer_experiments: (outside) => [["--built-in-bytes", "2e5", "--openwebtext", text(outside)]],
  encode: (outside) => [["--tokenizer", "runs/train_bpe", "--input", text(outside), "--out", "data/text.npy"]],
  decode: () => [
    ["--tokenizer", "runs/train_bpe", "--input", "data/text.npy"],
    ["--tokenizer", "runs/train_bpe", "--input", "data/text.npy", "--out", "data/text.txt"],
  ],
  train: (outside) => [
    // A run is not overwritten: the first is called as the task calls it, which generate looks for, a later one by its
    // folder.
    "--steps 4 --eval_every 2 --checkpoint_every 2 --built-in-bytes 2e5 --model.vocab_size 300 --model.d_model 32 --model.num_layers 1"
      .split(" ").concat(existsSync(`${copy}/runs/train`) ? ["--name", nameOf(outside)] : []),
  ],
  generate: () => [["Once", "--max-new-tokens", "5"]],
  import: (outside) => [[fixture("llama/untied"), "--name", `imported-${nameOf(outside)}`]],
  export: (outside) => [
    ["--out", `runs/exported-${nameOf(outside)}`],
    ["--out", `results/exported-${nameOf(outside)}`],
  ],
  device: () => [["--no-test"]],
  learning_rate_tuning: () => [[]],
  experiments: (outside) => [[...smoke, "--dry-run", "--openwebtext", text(outside)]],
  // A run that has ended is not repeated, so each call asks for runs of a length of its own.
  learning_rate: () => [[...smoke, "--tokens", String(64 * ++calls)]],
  batch_size_experiment: () => [smoke],
  layer_norm_ablation: () => [smoke],
  pre_norm_ablation: () => [smoke],
  no_pos_emb: () => [smoke],
  swiglu_ablation: () => [smoke],
  leaderboard: () => [smoke],
  experiment_log: () => [[]],
  main_experiment: (outside) => [[...smoke, "--openwebtext", text(outside)]],
  dashboard: () => [["--port", "0"]],
  accounting: () => [["--preset", "gpt2-xl"]],
  transformer_accounting: () => [["--chart", "results/shares.svg"]],
  adamw_accounting: () => [[]],
};

const smoke = ["--scale", "smoke"];
let calls = 0;

/** Scripts that serve until they are stopped, and the pages to look at before that. */
const servers: Record<string, string[]> = { "scripts/dashboard.ts": ["", "runs/train", "tokenizer", "events"] };

/** Runs that would need the network, by the grant without which they are stopped before they reach it. */
const stoppedRuns: Record<string, string[]> = {
  "huggingface.co": ["tinystories"],
  "*.hf.co": ["tinystories", "--from", "https://cas-bridge.xethub.hf.co/tinystories/"], // where huggingface.co redirects
};

/**
 * Permissions without which a task does not stop, but passes over what it may not see: the variables, folders and
 * libraries among which it looks for CUDA, and the size of the disk.
 */
const passedOver: Record<string, string[]> = { device: ["read", "env", "ffi"], data: ["sys"], train: ["sys"] };

const scriptTasks = Object.entries(configuration.tasks).flatMap(([task, { command }]) => {
  const match = /^deno run -q --no-prompt -P=(\w+) (scripts\/\w+\.ts)$/.exec(command ?? "");
  return match ? [{ task, set: match[1], script: match[2] }] : [];
});

const copy = await Deno.makeTempDir({ prefix: "denolm-permissions-" });
globalThis.addEventListener("unload", () => Deno.removeSync(copy, { recursive: true }));
const server = Deno.serve(
  { port: 0, hostname: "127.0.0.1", onListen() {} },
  () => new Response("One day.\n", { headers: { "content-length": "9" } }),
);
globalThis.addEventListener("unload", () => server.shutdown());
for (const name of ["deno.json", "deno.lock", "mod.ts", "lib", "ffi", "scripts", "configs"]) copyInto(name);

for (const { task, set, script } of scriptTasks) {
  Deno.test(`task ${task} runs under the permission set "${set}" and asks for nothing more`, async () => {
    const outside = await Deno.makeTempDir({ prefix: "denolm-outside-" });
    const log = `${outside}/audit.jsonl`;
    try {
      for (const args of runs[task](outside)) assertEquals(await run(set, script, args, log), { code: 0, stderr: "" });
      const grants = configuration.permissions[set];
      assertEquals(kindsInLog(log).filter((kind) => grants[kind] === undefined), []);
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  });
}

for (const [set, grants] of Object.entries(configuration.permissions)) {
  for (const [kind, grant] of Object.entries(grants)) {
    if (passedOver[set]?.includes(kind) || kind === "ffi") continue;
    for (const target of Array.isArray(grant) ? grant : [true]) {
      Deno.test(`the permission set "${set}" needs ${kind} ${target === true ? "anywhere" : target}`, async () => {
        const narrower = structuredClone(configuration);
        const rest = Array.isArray(grant) ? grant.filter((other) => other !== target) : false;
        narrower.permissions[set][kind] = rest;
        await withConfiguration(narrower, async () => {
          const outside = await Deno.makeTempDir({ prefix: "denolm-outside-" });
          try {
            const stopped = await anyRunIsStopped(set, String(target), outside);
            assert(stopped, `every task of "${set}" runs without ${kind} ${target}: it can be taken out of the set`);
          } finally {
            await Deno.remove(outside, { recursive: true });
          }
        });
      });
    }
  }
}

for (const [set, kinds] of Object.entries(passedOver)) {
  Deno.test(`what the set "${set}" grants for looking around is looked at: ${kinds.join(", ")}`, async () => {
    const outside = await Deno.makeTempDir({ prefix: "denolm-outside-" });
    const log = `${outside}/audit.jsonl`;
    await Deno.remove(`${copy}/data`, { recursive: true }); // a file that is there is not downloaded again
    await Deno.mkdir(`${copy}/data`);
    try {
      for (const { task, script } of scriptTasks.filter((candidate) => candidate.set === set)) {
        for (const args of runs[task](outside)) assertEquals((await run(set, script, args, log)).code, 0);
      }
      const seen = entriesOf(log).flatMap(({ permission, value }) => [`${permission} ${value}`, `${permission} true`]);
      const wanted = kinds.flatMap((kind) =>
        [configuration.permissions[set][kind]].flat().map((target) => `${kind} ${target}`)
      );
      assertEquals(wanted.filter((use) => !seen.includes(use)), []);
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  });
}

Deno.test("the libraries that a set lets be loaded are those that blas and cuda look for, by absolute path", () => {
  const blas = [blasPaths("linux", "x86_64"), blasPaths("linux", "aarch64"), blasPaths("darwin", "aarch64")].flat();
  const places = [...blas, ...usualPlaces()];
  const absolute = [...new Set(places.filter((path) => path.startsWith("/")))].sort();
  for (const set of ["train", "generate", "experiments"]) {
    assertEquals(z.array(z.string()).parse(configuration.permissions[set].ffi).toSorted(), absolute);
  }
});

Deno.test("every task has a description, and every script a task and a run in this test", () => {
  for (const [task, { description }] of Object.entries(configuration.tasks)) {
    assert(description.length >= 10, `task ${task} needs a description`);
  }
  const scripts = [...Deno.readDirSync(new URL("scripts/", root))].filter((entry) => entry.isFile).map((entry) =>
    `scripts/${entry.name}`
  );
  assertEquals(scriptTasks.map(({ script }) => script).sort(), scripts.sort());
  assertEquals(scriptTasks.map(({ task }) => task).sort(), Object.keys(runs).sort());
});

/** The name of a folder that no other run has. */
function nameOf(folder: string): string {
  return folder.split("/").at(-1)!;
}

/** A folder of test data, which is outside of the copy. */
function fixture(path: string): string {
  return decodeURIComponent(new URL(`../fixtures/${path}`, import.meta.url).pathname);
}

/** The address of a server on this machine that stands in for the published one. */
function serve(): string {
  return `http://127.0.0.1:${server.addr.port}/`;
}

/** The permission to reach that server, where a command line names it: the task's own set knows nothing of it. */
function localServer(args: string[]): string[] {
  return args.includes(serve()) ? [`--allow-net=127.0.0.1:${server.addr.port}`] : [];
}

/** A text file outside of the project, as a person's own would be. */
function text(folder: string): string {
  const path = `${folder}/text.txt`;
  Deno.writeTextFileSync(path, "One day, a fox found a bell.\n<|endoftext|>\n".repeat(200));
  return path;
}

async function run(
  set: string,
  script: string,
  args: string[],
  log?: string,
): Promise<{ code: number; stderr: string }> {
  const task = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", `-P=${set}`, ...localServer(args), script, ...args],
    cwd: copy,
    env: { NO_COLOR: "1", ...(log !== undefined && { DENO_AUDIT_PERMISSIONS: log }) },
    ...{ stdout: "piped", stderr: "piped" },
  }).spawn();
  const stderr = new Response(task.stderr).text();
  let stdout = "";
  for await (const text of task.stdout.pipeThrough(new TextDecoderStream())) {
    const before = stdout;
    stdout += text;
    const address = /http:\S+(?=\n)/;
    if (script in servers && !address.test(before) && address.test(stdout)) {
      await visit(address.exec(stdout)![0], servers[script]);
      task.kill("SIGINT");
    }
  }
  return { code: (await task.status).code, stderr: await stderr };
}

/** Looks at pages of a server; one that lacks a permission for them fails. */
async function visit(address: string, pages: readonly string[]): Promise<void> {
  for (const page of pages) {
    const response = await fetch(address + page);
    await response.body?.cancel();
    assert(response.status < 500, `${page} gave ${response.status}`);
  }
}

/** Whether a missing permission stops a task of the set. */
async function anyRunIsStopped(set: string, target: string, outside: string): Promise<boolean> {
  for (const { task, script } of scriptTasks.filter((candidate) => candidate.set === set)) {
    for (const args of target in stoppedRuns ? [stoppedRuns[target]] : runs[task](outside)) {
      const { code, stderr } = await run(set, script, args);
      if (code !== 0 && /does not allow it|Requires \w+ access/.test(stderr)) return true;
    }
  }
  return false;
}

async function withConfiguration(changed: z.output<typeof Configuration>, body: () => Promise<void>): Promise<void> {
  const path = `${copy}/deno.json`;
  const original = Deno.readTextFileSync(path);
  Deno.writeTextFileSync(path, JSON.stringify({ ...JSON.parse(original), permissions: changed.permissions }));
  try {
    await body();
  } finally {
    Deno.writeTextFileSync(path, original);
  }
}

// Deno notes a look at a path as "read" and as "write", whichever it is, so these two say nothing; that a task writes
// nowhere else is shown by its running under the set. Its look for NO_COLOR is allowed to every program.
function kindsInLog(path: string): string[] {
  const others = entriesOf(path).filter(({ permission, value }) =>
    permission !== "read" && permission !== "write" && !(permission === "env" && value === "NO_COLOR")
  );
  return [...new Set(others.map(({ permission }) => permission))];
}

const Entry = z.object({ permission: z.string(), value: z.string().nullish() });

function entriesOf(path: string): z.output<typeof Entry>[] {
  try {
    const lines = Deno.readTextFileSync(path).split("\n").filter((line) => line !== "");
    return lines.map((line) => Entry.parse(JSON.parse(line)));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function copyInto(name: string): void {
  const from = new URL(name, root);
  const to = `${copy}/${name}`;
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const entry of Deno.readDirSync(from)) copyInto(`${name}/${entry.name}`);
}
