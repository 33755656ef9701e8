import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);

// Who may import whom, from the top of the house to its floor. A folder may always import itself.
const allowed: Record<string, readonly string[]> = {
  "mod.ts": [
    "ffi",
    "lib/interop",
    "lib/tokenizer",
    "lib/accounting",
    "lib/training",
    "lib/model",
    "lib/data",
    "lib/optim",
    "lib/tensor",
  ],
  "scripts": [
    "mod.ts",
    "lib/experiments",
    "lib/dashboard",
    "lib/plot",
    "ffi",
    "lib/interop",
    "lib/tokenizer",
    "lib/accounting",
    "lib/training",
    "lib/model",
    "lib/data",
    "lib/optim",
    "lib/tensor",
  ],
  "lib/dashboard": ["lib/plot", "lib/tokenizer", "lib/training", "lib/data"],
  "lib/experiments": [
    "lib/dashboard",
    "lib/plot",
    "lib/accounting",
    "lib/training",
    "lib/model",
    "lib/data",
    "lib/tensor",
  ],
  "lib/plot": ["lib/tokenizer", "lib/accounting", "lib/training", "lib/model", "lib/data", "lib/optim", "lib/tensor"],
  "lib/interop": ["lib/tokenizer", "lib/training", "lib/model", "lib/data", "lib/tensor"],
  "lib/tokenizer": ["lib/data", "lib/tensor"],
  "lib/accounting": ["lib/model", "lib/data", "lib/optim", "lib/tensor"],
  "lib/training": ["lib/model", "lib/data", "lib/optim", "lib/tensor"],
  "lib/model": ["lib/tensor"],
  "lib/data": ["lib/tensor"],
  "lib/optim": ["lib/tensor"],
  "ffi": ["lib/tensor"],
  "lib/tensor": [],
};

function folderOf(path: string): string {
  const [top, second] = path.split("/");
  return top === "lib" ? `lib/${second}` : top;
}

function* sourceFiles(folder: string): Generator<string> {
  for (const entry of Deno.readDirSync(new URL(folder, root))) {
    const path = `${folder}${entry.name}`;
    if (entry.isDirectory) yield* sourceFiles(`${path}/`);
    else if (entry.name.endsWith(".ts") && !folder.includes("/assembly/")) yield path;
  }
}

const files = ["mod.ts", ...["lib/", "ffi/", "scripts/"].flatMap((folder) => [...sourceFiles(folder)])];

/** The files of this project that a source text imports: statically, dynamically, or as a Worker. */
function importsOf(path: string, text: string): string[] {
  const specifiers = [
    ...text.matchAll(/^(?:import|export)\b[^;"']*?\bfrom\s*["']([^"']+)["']/gm),
    ...text.matchAll(/\bimport\(\s*["']([^"']+)["']/g),
    ...text.matchAll(/^import\s*["']([^"']+)["']/gm),
    ...text.matchAll(/new URL\(\s*["'](\.[^"']+\.ts)["']/g),
  ].map((match) => match[1]);
  return specifiers.filter((specifier) => specifier.startsWith("."))
    .map((specifier) => new URL(specifier, new URL(path, root)).href.slice(root.href.length));
}

const sources = new Map(
  files.map((path) => [path, Deno.readTextFileSync(new URL(path, root)).replace(/^\s*\*.*$/gm, "")]),
);
const graph = new Map([...sources].map(([path, text]) => [path, importsOf(path, text)]));

Deno.test("imports between folders follow the arrows of the design", () => {
  const wrong = [...graph].flatMap(([path, imports]) => {
    const from = folderOf(path);
    return imports.filter((target) => folderOf(target) !== from && !(allowed[from] ?? []).includes(folderOf(target)))
      .map((target) => `${path} -> ${target}`);
  });
  assertEquals(wrong, []);
});

Deno.test("no file imports itself through others", () => {
  const state = new Map<string, "open" | "done">();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (state.get(path) === "open") circles.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (state.has(path)) return;
    state.set(path, "open");
    for (const target of graph.get(path) ?? []) visit(target, [...trail, path]);
    state.set(path, "done");
  };
  for (const path of graph.keys()) visit(path, []);
  assertEquals(circles, []);
});

Deno.test("only ffi/ leaves JavaScript", () => {
  const leaves = /\bDeno\.(dlopen|UnsafePointer|UnsafeCallback|UnsafeFnPointer)|\bWebAssembly\./;
  const wrong = [...sources].filter(([path, text]) => !path.startsWith("ffi/") && leaves.test(text)).map(([path]) =>
    path
  );
  assertEquals(wrong, []);
});

Deno.test("every import of a package goes through the map in deno.json", () => {
  const wrong = [...sources].flatMap(([path, text]) =>
    [...text.matchAll(/(?:from|import\()\s*["']((?:npm|jsr|https?):[^"']+)["']/g)].map((match) =>
      `${path}: ${match[1]}`
    )
  );
  assertEquals(wrong, []);
});

Deno.test("deno.lock, which a user's first command installs whole, has what tasks use and no other package", () => {
  const read = (name: string) => JSON.parse(Deno.readTextFileSync(new URL(name, root)));
  const map: Record<string, string> = read("deno.json").imports;
  const used = [...sources.values()].flatMap((text) =>
    [...text.matchAll(/(?:\bfrom|\bimport\()\s*["']([^."'][^"']*)["']/g)]
      .flatMap((match) => map[match[1]] ?? []) // not Deno's own node:
  );
  const packages = new Set(used.map((specifier) => specifier.replace(/^(npm:[^/]+).*/, "$1")));
  assertEquals(Object.keys(read("deno.lock").specifiers).sort(), [...packages].sort());
});

Deno.test("no file is named for nothing in particular", () => {
  assertEquals(files.filter((path) => /(^|\/)(utils?|helpers?|misc|common)\.ts$/.test(path)), []);
});

Deno.test("the check of the arrows sees every way to import", () => {
  const text = [
    `import { a } from "../model/a.ts";`,
    `import type {\n  B,\n} from "./b.ts";`,
    `export * from './c.ts';`,
    `import "./d.ts";`,
    `const e = await import("../../ffi/e.ts");`,
    `new Worker(new URL("./f.ts", import.meta.url), { type: "module" });`,
    `import { z } from "zod";`,
  ].join("\n");
  assertEquals(importsOf("lib/training/x.ts", text).sort(), [
    "ffi/e.ts",
    "lib/model/a.ts",
    "lib/training/b.ts",
    "lib/training/c.ts",
    "lib/training/d.ts",
    "lib/training/f.ts",
  ]);
});
