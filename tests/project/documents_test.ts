import { assert, assertEquals, assertMatch } from "@std/assert";
import { existsSync } from "node:fs";

const root = new URL("../../", import.meta.url);
const library = new URL("mod.ts", root).href;
const config = `${import.meta.dirname}/../../deno.json`;
const documents = ["README.md", "CONTRIBUTING.md", "results/README.md", "results/laptop.md"];
const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));

function textOf(document: string): string {
  return Deno.readTextFileSync(new URL(document, root));
}

/** Runs a program, without permission unless one is named. */
async function run(args: string[], cwd: URL | string = root): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--cached-only", ...args],
    ...{ cwd, env: { NO_COLOR: "1" } },
  }).output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], args.join(" "));
  return new TextDecoder().decode(stdout);
}

for (const document of documents) {
  Deno.test(`every link of ${document} within the project leads to something`, () => {
    const links = [...textOf(document).matchAll(/\]\(([^)#]+)/g)].map(([, link]) => link);
    const here = new URL(document, root);
    assertEquals(links.filter((link) => !/^https?:/.test(link) && !existsSync(new URL(link, here))), []);
  });

  Deno.test(`every task that ${document} names is there, with the flags that it is given`, async () => {
    const commands = [...textOf(document).matchAll(/deno task ([a-z_:]\w*)([^\n`|#]*)/g)];
    assert(document !== "README.md" || commands.length > 20);
    for (const [command, task, words] of commands) {
      assert(tasks[task] !== undefined, `there is no such task: ${command}`);
      const script = /scripts\/\w+\.ts/.exec(tasks[task].command ?? "")?.[0];
      const flags = [...words.matchAll(/ (--[\w.-]+)/g)].map(([, flag]) => flag);
      if (script === undefined || flags.length === 0) continue;
      const help = await run([script, "--help"]);
      for (const flag of flags) assertMatch(help, new RegExp(`^ +${flag.replaceAll(".", "\\.")} `, "m"), command);
    }
  });
}

Deno.test("every path in the README's and CONTRIBUTING.md's code spans is there", () => {
  // What tasks make, and names that stand for others.
  const made = /^(data|runs)\/|NAME|^\.\.?\//;
  for (const document of ["README.md", "CONTRIBUTING.md"]) {
    const paths = [...textOf(document).matchAll(/`([\w.-]+\/[\w./-]*|[\w-]+\.(?:ts|json))`/g)].map(([, path]) => path);
    const known = (path: string) => made.test(path) || existsSync(new URL(path, root));
    assertEquals(paths.filter((path) => !known(path)), [], document);
  }
});

Deno.test("the README's program runs without any permission", async () => {
  const [, program] = /```ts\n(import[^]*?)```/.exec(textOf("README.md"))!;
  using folder = new ProjectFolder({ "main.ts": program.replace("./mod.ts", library) });
  assertMatch(await run(["--config", config, "main.ts"], folder.path), /^Uint32Array\(\d/);
});

Deno.test("a program in another folder has the library's Workers and WebAssembly", async () => {
  using folder = new ProjectFolder({
    "main.ts": `import { openDevice, Tokenizer, trainBpe } from "${library}";
      const { model } = await trainBpe({ input: "text.txt", vocabSize: 258, workers: 2, specialTokens: [] });
      using device = openDevice("cpu", { threads: 2 });
      console.log(Tokenizer.fromModel(model).vocabSize, device.name);`,
    "text.txt": "the cat and the hat\n".repeat(100_000),
  });
  assertEquals(await run(["--config", config, "--allow-read", "main.ts"], folder.path), "258 cpu\n");
});

Deno.test("what the README's table says that mod.ts exports is exported", async () => {
  const exported = await import(library);
  const [, table] = /## From the handout to the code\n([^]*)All of it is exported by `mod\.ts`/.exec(
    textOf("README.md"),
  )!;
  const rows = Array.from(table.matchAll(/\| (`.*`) in `lib/g), ([, names]) => names);
  const names = rows.flatMap((row) => row.replaceAll("`", "").split(", "));
  assertEquals([rows.length, names.length], [15, 27]);
  assertEquals(names.filter((name) => exported[name] === undefined), []);
});

Deno.test("every entry of the package is there, and its plots draw the metrics of a run", async () => {
  const { exports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  assertEquals(Object.keys(exports), [".", "./plot"]);
  const { learningCurve } = await import(new URL(exports["./plot"], root).href);
  const metrics = [1, 2].map((step) => ({ step, tokens: step, seconds: step, loss: 3 / step }));
  assertMatch(await learningCurve("Loss", [{ name: "a", metrics }]), /^<svg/);
});

Deno.test("a program that forgets to dispose of a device ends", async () => {
  using folder = new ProjectFolder({
    "main.ts": `import { openDevice } from "${library}";
      const device = openDevice("cpu", { threads: 3 });
      const x = device.arena("numbers").alloc(1e6, "f32");
      device.fill({ x, value: 7 });
      console.log(device.download(x)[999_999]);`,
  });
  assertEquals(await run(["--config", config, "--allow-read", "main.ts"], folder.path), "7\n");
});

/** A folder of some files, outside of this project; disposed of, it is gone. */
class ProjectFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "denolm another project " });

  constructor(files: Record<string, string>) {
    for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${this.path}/${name}`, text);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
