import { assertEquals } from "@std/assert";
import { asciiStarts } from "../../lib/tokenizer/ascii_starts.ts";
import { Random } from "../../lib/tensor/random.ts";
import { randomAscii } from "./random_text.ts";
import { referenceEnds } from "./reference_pretokens.ts";

const encoder = new TextEncoder();

/** The starts that are found in `bytes` when all windows of eight bytes are looked at, from `position` on. */
function startsIn(bytes: Uint8Array, position = 0, capacity = 1024): number[] {
  const starts = new Int32Array(capacity);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return [...starts.subarray(0, asciiStarts(view, position, bytes.length - 8, starts))];
}

Deno.test("asciiStarts() finds the starts of the regular expression in ASCII text, from any start on", () => {
  const random = new Random(31);
  for (let round = 0; round < 3000; round++) {
    const bytes = encoder.encode(randomAscii(random, random.below(80)));
    const reference = [0, ...referenceEnds(bytes)];
    const from = reference[random.below(reference.length)];
    const found = startsIn(bytes, from);
    // Whole windows are looked at, and a start is known with the byte after it.
    const known = from + 8 * Math.floor((bytes.length - from) / 8) - 1;
    const expected = reference.filter((start) => start > from && start < known);
    assertEquals(found.filter((start) => start !== from), expected, JSON.stringify(new TextDecoder().decode(bytes)));
  }
});

Deno.test("asciiStarts() stops at a byte that is not ASCII, or NUL, and tells of no start that it could change", () => {
  const random = new Random(32);
  for (let round = 0; round < 3000; round++) {
    const bytes = encoder.encode(randomAscii(random, 8 + random.below(60)));
    const border = random.below(bytes.length);
    bytes[border] = random.below(2) === 0 ? 0 : 128 + random.below(128);
    const found = startsIn(bytes);
    assertEquals(found.filter((start) => start >= border), []);
    for (const foreign of ["é", "\u3000", "½", "—"]) {
      const changed = new Uint8Array([...bytes.subarray(0, border), ...encoder.encode(foreign)]);
      const reference = new Set([0, ...referenceEnds(changed)]);
      assertEquals(found.filter((start) => !reference.has(start)), [], JSON.stringify([...changed]));
    }
  }
});

Deno.test("asciiStarts() leaves a contraction as an apostrophe and the letters after it", () => {
  assertEquals(startsIn(encoder.encode("it's we'll see. Good night")), [2, 3, 4, 7, 8, 10, 14, 15, 20]);
});

Deno.test("asciiStarts() stops where the starts of another eight bytes might not have room", () => {
  const bytes = encoder.encode("a.".repeat(50));
  assertEquals(startsIn(bytes, 0, 16), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  assertEquals(startsIn(bytes, 0, 8), [1, 2, 3, 4, 5, 6]);
  assertEquals(startsIn(bytes, 0, 4), []);
});
