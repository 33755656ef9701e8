import type { BpeModel } from "./bpe_model.ts";
import { bytesToUnicode, unicodeToBytes } from "./byte_to_unicode.ts";

/**
 * A vocabulary as GPT-2's and Hugging Face's files write it: tokens as text in the alphabet of
 * {@linkcode bytesToUnicode}, special tokens as they are.
 */
export interface VocabularyText {
  /** Id of every token. */
  vocab: Map<string, number>;
  /** The two parts of each merge, the first merge first. */
  merges: [string, string][];
}

/**
 * The model that a vocabulary in text stands for. Without `specialTokens`, the entries that are neither a byte nor made
 * by a merge are the special tokens.
 *
 * @param source What the messages call the files.
 * @param specialTokens Ids of the special tokens, which need not be in `vocab`.
 * @throws {RangeError} If an id is given twice or left out, or a merge's parts or product are not in the vocabulary.
 */
export function modelOfText(
  { vocab, merges }: VocabularyText,
  source: string,
  specialTokens?: ReadonlyMap<string, number>,
): BpeModel {
  const made = new Set(singleBytes());
  for (const byte of made) requireToken(vocab, byte, source, "no token for the byte that is written");
  for (const [index, [left, right]] of merges.entries()) {
    for (const token of [left, right, left + right]) {
      if (vocab.has(token)) continue;
      const merge = `merge ${index + 1} is ${JSON.stringify(left)} + ${JSON.stringify(right)}`;
      requireToken(vocab, token, source, `${merge}, and its vocabulary lacks`);
    }
    made.add(left + right);
  }
  const special = specialTokens ?? new Map([...vocab].filter(([text]) => !made.has(text)));
  const encoder = new TextEncoder();
  const entries: [number, string, Uint8Array][] = [];
  for (const [text, id] of vocab) {
    if (!made.has(text) && special.get(text) === id) continue;
    entries.push([id, text, unicodeToBytes(text) ?? encoder.encode(text)]);
  }
  for (const [text, id] of special) {
    if (!(made.has(text) && vocab.get(text) === id)) entries.push([id, text, encoder.encode(text)]);
  }
  const vocabulary = vocabularyById(entries, source);
  // The same bytes as in the vocabulary, not copies: 100,000 small arrays would take more memory than all the rest.
  const part = (text: string) => {
    requireBytes(text, source);
    return vocabulary[vocab.get(text)!];
  };
  return {
    specialTokens: special,
    merges: merges.map(([left, right]) => [part(left), part(right)] as const),
    vocabulary,
  };
}

/**
 * The tokens' bytes in an array by id.
 *
 * @param entries Id, text for messages, and bytes of each token.
 * @param source What the messages call the files.
 * @throws {RangeError} If an id is given twice or left out.
 */
export function vocabularyById(entries: Iterable<[number, string, Uint8Array]>, source: string): Uint8Array[] {
  const byId = new Map<number, [string, Uint8Array]>();
  for (const [id, text, bytes] of entries) {
    const other = byId.get(id);
    if (other !== undefined) {
      throw new RangeError(
        `Cannot read ${source}: id ${id} is given to ${JSON.stringify(other[0])} and to ${JSON.stringify(text)}; ` +
          `every token needs an id of its own`,
      );
    }
    byId.set(id, [text, bytes]);
  }
  return Array.from({ length: byId.size }, (_, id) => {
    const entry = byId.get(id);
    if (entry === undefined) {
      throw new RangeError(
        `Cannot read ${source}: it has ${byId.size} tokens and none with id ${id}; ids must go from 0 up without ` +
          `gaps; if a special token is missing, name it with its id`,
      );
    }
    return entry[1];
  });
}

/**
 * A model as text for GPT-2's and Hugging Face's files.
 *
 * @throws {RangeError} If two tokens are the same text, a special token and an ordinary one; or one token is both.
 */
export function textOfModel(model: BpeModel): VocabularyText {
  const special = new Map([...model.specialTokens].map(([text, id]) => [id, text]));
  const merges = model.merges.map(([left, right]): [string, string] => [bytesToUnicode(left), bytesToUnicode(right)]);
  const made = new Set([...singleBytes(), ...merges.map(([left, right]) => left + right)]);
  const vocab = new Map<string, number>();
  const refuse = (what: string) => {
    throw new RangeError(`Cannot write this vocabulary as text: ${what}`);
  };
  for (const [id, bytes] of model.vocabulary.entries()) {
    const text = special.get(id) ?? bytesToUnicode(bytes);
    if (vocab.has(text) || (special.has(id) && made.has(text))) {
      refuse(
        `the special token ${JSON.stringify(text)} is written like the ordinary token with the bytes ` +
          `${unicodeToBytes(text)?.join(" ")}; try the tiktoken format, which keeps them apart`,
      );
    }
    vocab.set(text, id);
  }
  for (const text of made) {
    if (vocab.has(text)) continue;
    refuse(
      `the token with the bytes ${unicodeToBytes(text)?.join(" ")} is a special token, and its merge needs it as an ` +
        `ordinary one; choose special tokens that no merge makes`,
    );
  }
  return { vocab, merges };
}

function singleBytes(): string[] {
  return Array.from({ length: 256 }, (_, byte) => bytesToUnicode(new Uint8Array([byte])));
}

function requireToken(vocab: Map<string, number>, token: string, source: string, what: string): void {
  if (vocab.has(token)) return;
  throw new RangeError(
    `Cannot read ${source}: ${what} ${JSON.stringify(token)}; take vocabulary and merges of one byte-level tokenizer`,
  );
}

function requireBytes(text: string, source: string): void {
  if (unicodeToBytes(text) !== undefined) return;
  throw new RangeError(
    `Cannot read ${source}: the merge part ${JSON.stringify(text)} has characters that stand for no byte; ` +
      `only byte-level vocabularies in GPT-2's alphabet are supported`,
  );
}
