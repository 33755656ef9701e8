// The oracle of the scanner and of the trainer: the pattern as a regular expression over a string in which every byte
// that belongs to no well-formed character is one character of the class [^\s\p{L}\p{N}]. JavaScript's \s differs from
// Unicode White_Space in U+0085 and U+FEFF, so the property is spelled out.
const PATTERN =
  /'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

// A code point that Unicode never assigns: in none of White_Space, L and N.
const BAD_BYTE = "\u{10fffe}";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The positions in `bytes` after each pre-token. */
export function referenceEnds(bytes: Uint8Array): number[] {
  let text = "";
  const byteAfter: number[] = []; // by UTF-16 index: the byte position after the character that ends there
  for (let position = 0; position < bytes.length;) {
    const [character, length] = characterAt(bytes, position);
    text += character;
    position += length;
    byteAfter[text.length] = position;
  }
  return [...text.matchAll(PATTERN)].map((match) => byteAfter[match.index + match[0].length]);
}

/** The pre-tokens of `bytes`. */
export function referencePretokens(bytes: Uint8Array): Uint8Array[] {
  const ends = referenceEnds(bytes);
  return ends.map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

function characterAt(bytes: Uint8Array, position: number): [character: string, length: number] {
  for (let length = 1; length <= 4 && position + length <= bytes.length; length++) {
    try {
      return [strict.decode(bytes.subarray(position, position + length)), length];
    } catch {
      continue;
    }
  }
  return [BAD_BYTE, 1];
}
