import type { BpeModel } from "./bpe_model.ts";
import { endOfWholeCharacters, pretokenEnd } from "./pretokenize.ts";

/** Beginnings of contractions: with the letter that follows they are one pre-token, alone they would be two. */
const CONTRACTIONS_BEGUN = new Set(["'l", "'v", "'r"]);

/**
 * Checks that a vocabulary was trained on pre-tokens of GPT-2's pattern, for formats that do not say by which pattern
 * text is split. No merge crosses the border of a pre-token, so every token is a part of one, and a part of a pre-token
 * is not split again; a token that is split tells of another pattern, with which the same text has other ids.
 *
 * @param act What cannot be done then, for the message: "read vocab.json".
 * @throws {RangeError} If a token that is not special is no part of a pre-token.
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * const vocabulary = [" the", ")\n"].map((token) => new TextEncoder().encode(token));
 * const model = { specialTokens: new Map(), merges: [], vocabulary };
 * assertThrows(() => checkTrainedByPattern(model, "read it"), RangeError, "token 1, \")\\n\"");
 * ```
 */
export function checkTrainedByPattern({ vocabulary, specialTokens }: BpeModel, act: string): void {
  const special = new Set(specialTokens.values());
  for (const [id, token] of vocabulary.entries()) {
    if (special.has(id) || isPartOfPretoken(token)) continue;
    throw new RangeError(
      `Cannot ${act}: token ${id}, ${JSON.stringify(new TextDecoder().decode(token))}, is part of no pre-token of ` +
        `GPT-2's pattern; the vocabulary was trained with another pattern, which is not supported`,
    );
  }
}

function isPartOfPretoken(token: Uint8Array): boolean {
  // A token may begin and end inside of a character.
  let start = 0;
  while (start < 3 && (token[start] & 0xc0) === 0x80) start++;
  const end = endOfWholeCharacters(token, start, token.length);
  if (start >= end || pretokenEnd(token, start, end, true) === end) return true;
  return token.length === 2 && CONTRACTIONS_BEGUN.has(new TextDecoder().decode(token));
}
