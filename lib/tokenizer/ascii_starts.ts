import { BYTE_CLASSES, LETTER, NUMBER, OTHER, WHITE_SPACE } from "./character_classes.ts";

const SPACE = 0x20;
const FIRST_NON_ASCII = 0x80;
const BYTES = 256;
const EVERY_NIBBLE = 0x11111111;
/** Bytes that are looked at in one turn: one nibble each in a number of 32 bits, the first byte's highest. */
const WINDOW = 8;

// A nibble's lower three bits tell the class, the lowest of them white space; its fourth bit marks the space itself,
// which may join what follows. NUL is zero like all that is not ASCII, so that pre-tokens of ASCII differ where zeros
// fill them up.
const SPACE_NIBBLE = 9;
const CLASS_NIBBLES: Record<number, number> = { [WHITE_SPACE]: 1, [LETTER]: 2, [NUMBER]: 4, [OTHER]: 6 };

/** By two bytes of text, read as a little-endian number: the first one's nibble above that of the other. */
const PAIR_NIBBLES = new Uint8Array(BYTES * BYTES);
for (let ascii = 1; ascii < FIRST_NON_ASCII; ascii++) {
  const nibble = ascii === SPACE ? SPACE_NIBBLE : CLASS_NIBBLES[BYTE_CLASSES[ascii]];
  for (let other = 0; other < BYTES; other++) {
    PAIR_NIBBLES[ascii | other << 8] |= nibble << 4;
    PAIR_NIBBLES[other | ascii << 8] |= nibble;
  }
}

/**
 * Finds where pre-tokens begin in ASCII text, eight bytes at a time, all with the same few operations: no loop over
 * characters and hardly a branch, for a processor cannot foresee how long words are. Contractions are left to the
 * caller: an apostrophe that begins a pre-token ends there, and the letters after it begin one.
 *
 * Stops at the first byte that is not ASCII (or is NUL), and tells of no start that this byte could still change.
 *
 * @param view The text; eight bytes from `last` on are in it.
 * @param position Where a pre-token begins.
 * @param last The last position from which eight bytes are looked at.
 * @param starts Receives positions in increasing order. The first may be `position` itself; what lies behind the last
 *   one is not decided.
 * @returns How many positions were written.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const text = new TextEncoder().encode("the  cat's 9 lives.  \n");
 * const starts = new Int32Array(64);
 * const count = asciiStarts(new DataView(text.buffer), 0, text.length - 8, starts);
 * assertEquals([...starts.subarray(0, count)], [3, 4, 8, 9, 10, 12]); // the| | cat|'|s| 9| lives...
 * ```
 */
export function asciiStarts(view: DataView, position: number, last: number, starts: Int32Array): number {
  if (position > last) return 0;
  const fullFrom = starts.length - WINDOW;
  // What comes over from the window before, in the highest nibble: its last class, and whether its last byte is a
  // start. At first that is the class of the first byte itself, so that it is no change.
  let classBefore = (PAIR_NIBBLES[view.getUint8(position)] & 0x70) << 24;
  let startBefore = 0;
  let count = 0;
  for (; position <= last && count <= fullFrom; position += WINDOW) {
    const low = view.getInt32(position, true);
    const high = view.getInt32(position + 4, true);
    const nibbles = PAIR_NIBBLES[low & 0xffff] << 24 | PAIR_NIBBLES[low >>> 16] << 16 |
      PAIR_NIBBLES[high & 0xffff] << 8 | PAIR_NIBBLES[high >>> 16];
    const before = classBefore | nibbles >>> 4;
    const change = nibbles ^ before;
    // A run of white space before something else leaves out its last character, `\s+(?!\S)`: a pre-token starts there;
    // and none where the run ends, if that character is a space. So a start is known with the byte after it: `found` is
    // about the bytes one place to the left.
    const afterWhiteSpace = before & ~nibbles & EVERY_NIBBLE;
    const joinsSpace = afterWhiteSpace & before >>> 3;
    const begins = (change | change >>> 1 | change >>> 2) & EVERY_NIBBLE & ~joinsSpace;
    let found = startBefore | begins >>> 4 | afterWhiteSpace;
    const hasUnknown = (nibbles - EVERY_NIBBLE) & ~nibbles & 0x88888888;
    if (hasUnknown !== 0) found &= nibblesBefore(firstZeroNibble(nibbles));

    const base = (position - 1) | 0;
    const total = Math.imul(found, EVERY_NIBBLE) >>> 28;
    // Four are written whether there are so many or not: what is none will be overwritten.
    let zeros = Math.clz32(found);
    starts[count] = (base + (zeros >> 2)) | 0;
    found ^= 0x80000000 >>> zeros;
    zeros = Math.clz32(found);
    starts[(count + 1) | 0] = (base + (zeros >> 2)) | 0;
    found ^= 0x80000000 >>> zeros;
    zeros = Math.clz32(found);
    starts[(count + 2) | 0] = (base + (zeros >> 2)) | 0;
    found ^= 0x80000000 >>> zeros;
    zeros = Math.clz32(found);
    starts[(count + 3) | 0] = (base + (zeros >> 2)) | 0;
    if (total > 4) {
      for (let index = 4; index < total; index++) {
        found ^= 0x80000000 >>> zeros;
        zeros = Math.clz32(found);
        starts[(count + index) | 0] = (base + (zeros >> 2)) | 0;
      }
    }
    count = (count + total) | 0;
    if (hasUnknown !== 0) break;
    classBefore = nibbles << 28;
    startBefore = begins << 28;
  }
  return count;
}

/** The index of the first nibble that is zero, where one is. */
function firstZeroNibble(nibbles: number): number {
  const isZero = ~(nibbles | nibbles >>> 1 | nibbles >>> 2 | nibbles >>> 3) & EVERY_NIBBLE;
  return Math.clz32(isZero) >> 2;
}

/** All bits of the first `count` nibbles, of at most seven. */
function nibblesBefore(count: number): number {
  return ~(-1 >>> (4 * count));
}
