import { assertEquals } from "@std/assert";
import { writeNpy } from "../../lib/data/npy.ts";
import type { NpyArray } from "../../lib/data/npy_header.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** What the task `decode` makes of an array of ids under the vocabulary of single bytes. */
async function decode(ids: NpyArray, ...more: string[]) {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("ids.npy"), ids);
  const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  await Tokenizer.fromModel({ specialTokens: new Map(), merges: [], vocabulary }).save(folder.at("bytes"), "gpt2");
  const words = ["ids.npy", "--tokenizer", "bytes", ...more];
  const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/decode.ts`, ...words];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder.path }).output();
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return [code, decoder.decode(stdout), decoder.decode(stderr)];
}

Deno.test("decode takes ids in any type of integers, int64 as numpy writes it too", async () => {
  for (const ids of [Uint8Array.of(72, 105), Uint32Array.of(72, 105), BigInt64Array.of(72n, 105n)]) {
    assertEquals(await decode(ids), [0, "Hi\n", ""]);
  }
});

Deno.test("decode prints a byte order mark at the beginning like any character", async () => {
  assertEquals(await decode(Uint8Array.from(new TextEncoder().encode("\ufeffHi"))), [0, "\ufeffHi\n", ""]);
});

Deno.test("decode refuses numbers that are no ids", async () => {
  assertEquals(await decode(Float32Array.of(72, 105)), [
    1,
    "",
    "Cannot decode ids.npy: it holds float32; expected token ids, which are integers\n",
  ]);
  assertEquals((await decode(BigInt64Array.of(72n, -1n)))[0], 1);
});

Deno.test("decode says a text as it comes and in JSON as a whole, a character between two blocks too", async () => {
  const text = "x" + "ü".repeat(2 ** 20);
  const ids = Uint8Array.from(new TextEncoder().encode(text));
  assertEquals(await decode(ids), [0, text + "\n", ""]);
  const [code, json] = await decode(ids, "--json");
  assertEquals([code, JSON.parse(String(json)).results], [0, { text }]);
});

Deno.test({
  name: "decode ends when nobody reads any more, and leaves nothing half-written where it is stopped",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    writeNpy(folder.at("ids.npy"), new Uint8Array(3e7).fill(97));
    const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
    await Tokenizer.fromModel({ specialTokens: new Map(), merges: [], vocabulary }).save(folder.at("bytes"), "gpt2");
    const start = (...more: string[]) => {
      const words = ["ids.npy", "--tokenizer", "bytes", ...more];
      const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/decode.ts`, ...words];
      return new Deno.Command(Deno.execPath(), { args, cwd: folder.path, stdout: "piped", stderr: "piped" }).spawn();
    };
    const read = start();
    const reader = read.stdout.getReader();
    await reader.read();
    await reader.cancel();
    assertEquals([(await read.status).code, await new Response(read.stderr).text()], [0, ""]);

    const written = start("--out", "text");
    while (!folder.names().some((name) => name.endsWith(".tmp"))) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    written.kill("SIGINT");
    const { code, stderr } = await written.output();
    assertEquals([code, new TextDecoder().decode(stderr)], [130, "Stopped by a signal.\n"]);
    assertEquals(folder.names(), ["bytes", "ids.npy"]);
  },
});
