import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fallingLoss, writeRun } from "../dashboard/run_folder.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** Starts the task over the runs in a folder. */
function start(folder: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "-A", "--config", `${root}deno.json`, `${root}scripts/dashboard.ts`, ...args],
    ...{ cwd: folder, env: { NO_COLOR: "1" }, stdout: "piped", stderr: "piped" },
  }).spawn();
}

/** Reads until the text holds what is looked for, and returns that. */
async function readUntil(words: ReadableStreamDefaultReader<string>, pattern: RegExp): Promise<string> {
  for (let text = "";;) {
    const { value, done } = await words.read();
    if (done) throw new Error(`The output ended without ${pattern}: ${text}`);
    const found = pattern.exec(text += value);
    if (found) return found[0];
  }
}

Deno.test("the dashboard serves runs/ until Ctrl-C, also while a page listens, and ends with code 0", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/base"), { metrics: fallingLoss(20) });
  const task = start(top.path, "--port", "0");
  const words = task.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const address = await readUntil(words, /http:\/\/127\.0\.0\.1:\d+\//);
  assertStringIncludes(await (await fetch(address)).text(), `href="/runs/base"`);
  const events = await fetch(`${address}events`);
  task.kill("SIGINT");
  assertEquals((await task.status).code, 0);
  assertEquals(await events.text().catch(() => "cut off"), "retry: 2000\n\n");
  await words.cancel();
  assertEquals(await new Response(task.stderr).text(), "");
});

Deno.test("with --json the dashboard says where it is as soon as it is there, and nothing else", async () => {
  using top = new TemporaryFolder();
  const task = start(top.path, "--port", "0", "--json");
  const words = task.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { results } = JSON.parse(await readUntil(words, /\{[^]*\n\}\n/));
  assertStringIncludes(await (await fetch(results.address)).text(), "<h1>Runs</h1>");
  task.kill("SIGINT");
  assertEquals((await task.status).code, 0);
  assertEquals(await words.read(), { value: undefined, done: true });
  assertEquals(await new Response(task.stderr).text(), "");
});

Deno.test("a port that is taken is said with what to do", async () => {
  using top = new TemporaryFolder();
  await using other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => new Response());
  const { code, stderr } = await start(top.path, "--port", String(other.addr.port)).output();
  assertEquals(code, 1);
  assertMatch(
    new TextDecoder().decode(stderr),
    /^Cannot listen on 127\.0\.0\.1:\d+: another program does.*try --port \d+\n$/,
  );
});
