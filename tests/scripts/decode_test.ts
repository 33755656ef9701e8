import { assertEquals } from "@std/assert";
import { writeNpy } from "../../lib/data/npy.ts";
import type { NpyArray } from "../../lib/data/npy_header.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** What the task `decode` makes of an array of ids under the vocabulary of single bytes. */
async function decode(ids: NpyArray) {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("ids.npy"), ids);
  const vocabulary = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte));
  await Tokenizer.fromModel({ specialTokens: new Map(), merges: [], vocabulary }).save(folder.at("bytes"), "gpt2");
  const words = ["ids.npy", "--tokenizer", "bytes"];
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
