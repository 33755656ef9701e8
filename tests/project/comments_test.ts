import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url);

// deno fmt wraps code, not comments.
const WIDTH = 120;

function* sources(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(new URL(`${name}/`, folder));
    else if (/\.(ts|cu|cuh|h|cpp)$/.test(name)) yield new URL(name, folder);
  }
}

Deno.test(`no line of a comment is longer than ${WIDTH} columns, but for addresses and examples that cannot be split`, () => {
  const long: string[] = [];
  for (const folder of ["lib/", "ffi/", "scripts/", "tests/", "bench/"]) {
    for (const file of sources(new URL(folder, root))) {
      let isExample = false;
      for (const [i, line] of Deno.readTextFileSync(file).split("\n").entries()) {
        const text = /^\s*(?:\/\/|\*|\/\*\*?)\s?(.*)$/.exec(line)?.[1];
        if (text?.startsWith("```")) isExample = !isExample;
        if (text === undefined || isExample || line.length <= WIDTH || !text.trim().includes(" ")) continue;
        long.push(`${file.pathname.slice(root.pathname.length)}:${i + 1}`);
      }
    }
  }
  assertEquals(long, []);
});
