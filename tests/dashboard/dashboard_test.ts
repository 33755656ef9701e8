import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Dashboard } from "../../lib/dashboard/dashboard.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { fallingLoss, writeRun, writeTokenizer } from "./run_folder.ts";

const HOST = { host: "127.0.0.1:7337" };

function dashboard(top: TemporaryFolder): Dashboard {
  return new Dashboard({ runs: top.at("runs"), data: top.at("data"), signal: new AbortController().signal });
}

async function get(
  top: TemporaryFolder,
  path: string,
  init: RequestInit = {},
): Promise<{ status: number; text: string }> {
  const response = await dashboard(top).handle(new Request(`http://127.0.0.1:7337${path}`, { headers: HOST, ...init }));
  return { status: response.status, text: await response.text() };
}

Deno.test("the first page lists the runs with their state and figures, and shows the curves of those that run", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/base"), { metrics: fallingLoss(40, 5) });
  writeRun(top.at("runs/experiments/rope-1a2b"), { metrics: fallingLoss(20, 6) });
  const { status, text } = await get(top, "/");
  assertEquals(status, 200);
  for (
    const part of [`href="/runs/base"`, `href="/runs/experiments/rope-1a2b"`, "finished", "stopped", "4.6000", "5.8000"]
  ) {
    assertStringIncludes(text, part);
  }
  assert(!text.includes("<svg"));
  using _lock = locked(top.at("runs/base"));
  const live = (await get(top, "/")).text;
  assertStringIncludes(live, "1 running");
  assertStringIncludes(live, "<svg");
});

Deno.test("without runs the first page says how to begin", async () => {
  using top = new TemporaryFolder();
  assertStringIncludes((await get(top, "/")).text, "<code>deno task train</code>");
  assertStringIncludes((await get(top, "/tokenizer")).text, "<code>deno task train_bpe</code>");
});

Deno.test("a run's page shows figures, curves, samples, configuration and the way to its tokenizer", async () => {
  using top = new TemporaryFolder();
  await writeTokenizer(top.at("runs/base/tokenizer"));
  const config = { steps: 40, model: { d_model: 64 }, tokenizer: top.at("runs/base/tokenizer") };
  writeRun(top.at("runs/base"), { config, metrics: fallingLoss(40), samples: { 20: "A fox.", 40: "A red fox." } });
  const session = { device: "cpu", description: "SIMD", system: "linux", command: "deno task train --name base" };
  const line = JSON.stringify({ ...session, started: "2030-01-01T00:00:00Z", step: 0, seconds: 0, parameters: 12_345 });
  Deno.writeTextFileSync(top.at("runs/base/sessions.jsonl"), line + "\n");
  const { text } = await get(top, "/runs/base?x=tokens");
  for (
    const part of [
      "4.6000",
      "6,400",
      "12,345",
      "deno task train --name base",
      "A fox.",
      "A red fox.",
      "<code>model.d_model</code>",
      `aria-current="true">Tokens`,
    ]
  ) {
    assertStringIncludes(text, part);
  }
  assertMatch(text, /href="\/tokenizer\?folder=[^"]+tokenizer"/);
  assertEquals(text.match(/<svg/g)?.length, 4); // loss, learning rate, gradient norm, speed
});

Deno.test("runs are compared by curves over one another and by the fields that differ", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/rope"), { config: { steps: 40, seed: 0, position: "rope" }, metrics: fallingLoss(40, 5) });
  writeRun(top.at("runs/none"), { config: { steps: 40, seed: 0, position: "none" }, metrics: fallingLoss(40, 6) });
  const { text } = await get(top, "/compare?run=rope&run=none");
  const [svg] = /<svg[^]*?<\/svg>/.exec(text)!;
  for (const name of ["rope", "none"]) assertMatch(svg, new RegExp(`<text[^>]*>${name}</text>`));
  const table = text.slice(text.indexOf("What differs"));
  assertStringIncludes(table, "<code>position</code>");
  assert(!table.includes("<code>seed</code>"));
  assertStringIncludes(table, "Fields that are the same: 2.");
});

Deno.test("comparing needs runs that are there, and not too many", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/rope"));
  assertEquals((await get(top, "/compare")).status, 400);
  assertEquals((await get(top, "/compare?run=rope&run=other")).status, 404);
  const many = Array.from({ length: 11 }, (_, i) => `run=r${i}`).join("&");
  assertStringIncludes((await get(top, `/compare?${many}`)).text, "Cannot compare 11 runs");
});

Deno.test("a run without a loss yet is shown without curves", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/new"));
  const { status, text } = await get(top, "/runs/new");
  assertEquals(status, 200);
  assertStringIncludes(text, "No loss has been measured yet");
});

Deno.test("text is shown as tokens: ids, marks for spaces and line breaks, bytes, special tokens", async () => {
  using top = new TemporaryFolder();
  await writeTokenizer(top.at("data/small"));
  const query = new URLSearchParams({ folder: top.at("data/small"), text: "the cat\r\né<|endoftext|>" });
  const { text } = await get(top, `/tokenizer?${query}`);
  const ids = [...text.matchAll(/<span class="id">(\d+)<\/span>/g)].map(([, id]) => Number(id));
  assert(ids.length > 4 && ids.includes(0), `ids are ${ids}`);
  for (const part of [">·</span>", ">⏎</span>", ">C3</span>", "token special", "&lt;|endoftext|&gt;"]) {
    assertStringIncludes(text, part);
  }
  assertStringIncludes(text, `<b>${ids.length} tokens</b> for 23 bytes`); // of "\n", not of "\r\n"
});

Deno.test("a tokenizer that is not there, or damaged, and a text that is too long are refused in words", async () => {
  using top = new TemporaryFolder();
  await writeTokenizer(top.at("data/good"));
  Deno.mkdirSync(top.at("data/bad"));
  Deno.writeTextFileSync(top.at("data/bad/tokenizer.json"), "{");
  const page = async (name: string, text: string) =>
    (await get(top, `/tokenizer?${new URLSearchParams({ folder: name, text })}`)).text;
  assertStringIncludes(await page("/etc", "hi"), "There is no such tokenizer");
  assertStringIncludes(await page(top.at("data/bad"), "hi"), "Cannot read");
  assertStringIncludes(await page(top.at("data/good"), "é".repeat(5001)), "it has 10,002 bytes");
});

Deno.test("no address leads to a file that is no run's", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/base"));
  writeRun(top.at("private")); // beside the runs, not among them
  Deno.symlinkSync(top.at("private"), top.at("runs/link"));
  for (
    const path of [
      ...["/runs/..%2fprivate", "/runs/%2e%2e/private", "/runs/base/../../private", "/runs/link", "/runs//etc"],
      ...[
        "/runs/..%5cprivate",
        "/runs/%2fetc",
        `/runs/${top.at("private")}`,
        "/runs/base/config.json",
        "/runs/%ff",
        "/runs/",
      ],
    ]
  ) assertEquals((await get(top, path)).status, 404, path);
  for (const name of ["../private", "link", top.at("private")]) {
    assertEquals((await get(top, `/compare?${new URLSearchParams({ run: name })}`)).status, 404, name);
  }
});

Deno.test("what a run's own files hold is never shown through a link that leads outside", async () => {
  using top = new TemporaryFolder();
  writeRun(top.at("runs/base"), { metrics: fallingLoss(20) });
  Deno.writeTextFileSync(top.at("secret.txt"), "the secret");
  Deno.symlinkSync(top.at("secret.txt"), top.at("runs/base/samples/step-00000010.txt"));
  assert(!(await get(top, "/runs/base")).text.includes("the secret"));
});

Deno.test("a tokenizer whose special tokens have changed is read again", async () => {
  using top = new TemporaryFolder();
  await writeTokenizer(top.at("data/small"), "tiktoken");
  const { handle } = dashboard(top);
  const query = new URLSearchParams({ folder: top.at("data/small"), text: "the<|other|>" });
  const page = async () =>
    await (await handle(new Request(`http://127.0.0.1/tokenizer?${query}`, { headers: HOST }))).text();
  assert(!(await page()).includes("token special"));
  const path = top.at("data/small/special_tokens.json");
  Deno.writeTextFileSync(path, Deno.readTextFileSync(path).replace("endoftext", "other"));
  Deno.utimeSync(path, new Date(), new Date(Date.now() + 5000));
  assertStringIncludes(await page(), "token special");
});

Deno.test("no tokenizer is read through a link, though its folder has one of plain files too", async () => {
  using top = new TemporaryFolder();
  await writeTokenizer(top.at("outside"), "huggingface", "<|hidden|>");
  await writeTokenizer(top.at("data/whole"));
  Deno.symlinkSync(top.at("outside/tokenizer.json"), top.at("data/whole/tokenizer.json"));
  Deno.writeTextFileSync(top.at("outside/special_tokens.json"), '{"<|hidden|>": 0}');
  await writeTokenizer(top.at("data/part"), "tiktoken");
  Deno.removeSync(top.at("data/part/special_tokens.json"));
  Deno.symlinkSync(top.at("outside/special_tokens.json"), top.at("data/part/special_tokens.json"));
  for (const [name, link] of [["whole", "tokenizer.json"], ["part", "special_tokens.json"]]) {
    const query = new URLSearchParams({ folder: top.at(`data/${name}`), text: "<|hidden|>" });
    const { text } = await get(top, `/tokenizer?${query}`);
    assert(!text.includes("token special"), `${name} knows the token of another folder`);
    assertStringIncludes(text, `its ${link} is a symbolic link`);
  }
});

Deno.test("only GET and HEAD are answered", async () => {
  using top = new TemporaryFolder();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    assertEquals((await get(top, "/", { method })).status, 405);
  }
  assertEquals(await get(top, "/", { method: "HEAD" }), { status: 200, text: "" });
});

Deno.test("a foreign host name is refused, as after DNS rebinding", async () => {
  using top = new TemporaryFolder();
  const ask = async (host: string) => (await get(top, "/", { headers: { host } })).status;
  for (
    const host of [
      "evil.example",
      "evil.example:7337",
      "127.0.0.1.evil.example",
      "localhost.evil.example",
      "10.0.0.1",
      "",
    ]
  ) {
    assertEquals(await ask(host), 421, host);
  }
  for (const host of ["127.0.0.1", "127.0.0.1:7337", "localhost:80", "LOCALHOST"]) {
    assertEquals(await ask(host), 200, host);
  }
});

Deno.test("a page of another site may lead here but not embed or fetch anything", async () => {
  using top = new TemporaryFolder();
  const ask = async (site: string, mode: string) =>
    (await get(top, "/", { headers: { ...HOST, "sec-fetch-site": site, "sec-fetch-mode": mode } })).status;
  assertEquals(await ask("cross-site", "no-cors"), 403);
  assertEquals(await ask("same-site", "cors"), 403);
  assertEquals(await ask("cross-site", "navigate"), 200);
  assertEquals(await ask("same-origin", "cors"), 200);
});

Deno.test("every answer forbids what the page does not need", async () => {
  using top = new TemporaryFolder();
  const { handle } = dashboard(top);
  for (
    const [path, method] of [["/", "GET"], ["/", "HEAD"], ["/nothing", "GET"], ["/script.js", "GET"], ["/", "POST"]]
  ) {
    const response = await handle(new Request(`http://localhost${path}`, { method, headers: HOST }));
    await response.body?.cancel();
    const policy = response.headers.get("content-security-policy") ?? "";
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"]) {
      assertStringIncludes(policy, rule);
    }
    assert(!policy.includes("unsafe"));
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
  }
});

Deno.test("names, configurations, samples, texts and messages never become markup", async () => {
  using top = new TemporaryFolder();
  const evil = `<img src=x onerror="alert('1')">&`;
  await writeTokenizer(top.at("data/small"));
  writeRun(top.at(`runs/${evil}`), {
    config: { steps: 9, [evil]: evil },
    metrics: fallingLoss(20),
    samples: { 1: evil },
  });
  writeRun(top.at("runs/other"), { metrics: fallingLoss(20) });
  using _lock = locked(top.at(`runs/${evil}`));
  const name = encodeURIComponent(evil);
  for (
    const path of [
      ...["/", `/runs/${name}`, `/compare?run=${name}&run=other`, `/compare?run=not${name}`, `/runs/not${name}`],
      ...[`/tokenizer?text=${name}`, `/tokenizer?folder=${name}&text=${name}`, `/?x=${name}`],
    ]
  ) {
    const { text } = await get(top, path);
    assert(!text.includes("<img"), path);
    // A quote that was not escaped would end an attribute early and let another one begin.
    const tags = [...text.matchAll(/<[a-z][^>]*>/g)].map(([tag]) => tag.replaceAll(/="[^"]*"/g, ""));
    assertEquals(tags.filter((tag) => tag.includes("onerror")), [], path);
  }
});

/** A lock on a run, as a process that trains has it. */
function locked(folder: string): Disposable {
  const lock = Deno.openSync(`${folder}/.lock`, { create: true, write: true });
  assert(lock.tryLockSync(true));
  return lock;
}
