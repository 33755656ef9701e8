import type { Random } from "../../lib/tensor/random.ts";

const PIECES = [
  ..."aAzsdmtlvre09 .'\"-_\n\r\t\v\f\x1c\0",
  ..."\u{85}\u{a0}\u{1680}\u{2003}\u{2028}\u{202f}\u{205f}\u{3000}\u{feff}\u{200b}\u{180e}",
  ..."éßñДжאبक你好한ðꦀ𝕏𐐷𠀀",
  ..."²½Ⅷ٣५๒㊈𝟘",
  ..."¿—…。！€😀\u{200d}\u{fe0f}\u{301}\u{fffd}\u{10fffe}\u{e000}",
  "'s",
  "'ll",
  "'ve",
  "'re",
  "'S",
  " 't",
  "  ",
  "\r\n",
  "\n\n",
  "the",
  " the",
  "👩‍👩‍👧",
];

/** Bytes that go wrong in every way: stray continuation, overlong, surrogate, too large, cut short. */
const BAD_BYTES = [
  "80",
  "bf",
  "c0af",
  "c1",
  "e08080",
  "eda080",
  "f0808080",
  "f4908080",
  "f5",
  "ff",
  "e4bd",
  "f09f98",
  "c3",
];

/** Text of all planes, every white space, contractions and, with probability `badBytes`, bytes that are no UTF-8. */
export function randomText(random: Random, pieces: number, badBytes: number = 0.1): Uint8Array {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (let piece = 0; piece < pieces; piece++) {
    const choice = random.uniform();
    if (choice < badBytes) bytes.push(...Uint8Array.fromHex(BAD_BYTES[random.below(BAD_BYTES.length)]));
    else if (choice < badBytes + 0.1) bytes.push(...encoder.encode(randomCharacter(random)));
    else bytes.push(...encoder.encode(PIECES[random.below(PIECES.length)]));
  }
  return Uint8Array.from(bytes);
}

function randomCharacter(random: Random): string {
  const codePoint = random.below(random.uniform() < 0.5 ? 0x3000 : 0x110000);
  return String.fromCodePoint(codePoint).toWellFormed();
}

/** Characters of all classes, spaces more than others, and no letter that a contraction could have. */
export function randomAscii(random: Random, length: number): string {
  const characters = "  \n\t\rabXYz019.,;(-'\x01\x7f";
  const text = Array.from({ length }, () => characters[random.below(characters.length)]).join("");
  return random.below(2) === 0 ? text : text.replace(/ab/g, "a".repeat(1 + random.below(20)));
}
