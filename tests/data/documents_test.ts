import { assertEquals, assertRejects } from "@std/assert";
import { documents, sampleDocuments } from "../../lib/data/documents.ts";
import { Random } from "../../lib/tensor/random.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function* pieces(text: string, size: number): Generator<Uint8Array> {
  const bytes = encoder.encode(text);
  const reused = new Uint8Array(size); // as a reader that fills the same buffer again and again
  for (let start = 0; start < bytes.length; start += size) {
    const piece = bytes.subarray(start, start + size);
    reused.set(piece);
    yield reused.subarray(0, piece.length);
  }
}

const read = (chunks: Iterable<Uint8Array>, separator: string) =>
  Array.fromAsync(documents(chunks, separator), (bytes) => decoder.decode(bytes));

Deno.test("documents() splits alike whatever the size of the pieces", async () => {
  const text = "  Once, ä.\n<|end|>\n\n<|end|>Two <|en d|>\r\n<|end|><|end|>three<|end";
  for (let size = 1; size <= 70; size++) {
    assertEquals(
      await read(pieces(text, size), "<|end|>"),
      ["Once, ä.", "Two <|en d|>", "three<|end"],
      `pieces of ${size}`,
    );
  }
});

Deno.test("documents() of an empty text are none, and of a text without separator one", async () => {
  assertEquals(await read([], "<|end|>"), []);
  assertEquals(await read(pieces(" \n", 1), "<|end|>"), []);
  assertEquals(await read(pieces("all of it", 2), "<|end|>"), ["all of it"]);
});

Deno.test("documents() refuses an empty separator", async () => {
  await assertRejects(() => read([], ""), RangeError, "separator is empty");
});

async function* numbered(count: number) {
  for (let i = 0; i < count; i++) yield encoder.encode(String(i));
}

Deno.test("sampleDocuments() draws each document about equally often, in order, and all when there are few", async () => {
  const counts = new Array(10).fill(0);
  const random = new Random(1);
  for (let round = 0; round < 2000; round++) {
    const drawn = (await sampleDocuments(numbered(10), 3, random)).map((bytes) => Number(decoder.decode(bytes)));
    assertEquals(drawn, drawn.toSorted((a, b) => a - b));
    for (const index of drawn) counts[index]++;
  }
  // 600 expected, standard deviation 20.5: five of them on each side.
  assertEquals(counts.filter((count) => Math.abs(count - 600) > 103), []);
  assertEquals((await sampleDocuments(numbered(2), 3, random)).length, 2);
  for (const count of [-1, 1.5, NaN]) {
    await assertRejects(() => sampleDocuments(numbered(2), count, random), RangeError, `count is ${count}`);
  }
});
