import { z } from "zod";
import { atomicWrite } from "../data/atomic_write.ts";
import { inOurWords, refusal } from "../data/refusal.ts";
import type { BpeModel } from "./bpe_model.ts";
import { parseMerge } from "./gpt2_format.ts";
import { parseJson, parseVocab } from "./parse_vocab.ts";
import { modelOfText, textOfModel } from "./vocabulary_text.ts";

const ByteLevel = z.object({
  type: z.literal("ByteLevel", "only ByteLevel is supported"),
  add_prefix_space: z.literal(false, "adding a space before the text is not supported").default(false),
  use_regex: z.literal(true, "only GPT-2's pattern is supported").default(true),
}, "expected GPT-2's ByteLevel");

// ByteLevel only moves offsets; a template of sequences alone is what transformers writes for a tokenizer without one.
const PostProcessor = z.union([
  z.object({ type: z.literal("ByteLevel") }),
  z.object({
    type: z.literal("TemplateProcessing"),
    single: z.array(z.strictObject({ Sequence: z.unknown() })).length(1),
    special_tokens: z.strictObject({}),
  }),
], "a post-processor that adds tokens is not supported");

const AddedToken = z.object({
  id: z.int().min(0),
  content: z.string().min(1),
  single_word: z.literal(false, "only plain matching is supported").default(false),
  lstrip: z.literal(false, "stripping white space is not supported").default(false),
  rstrip: z.literal(false, "stripping white space is not supported").default(false),
  normalized: z.boolean().default(false),
});
type AddedToken = z.output<typeof AddedToken>;

const without = (what: string) => z.null(`${what} is not supported`).optional();

// `vocab` and `merges` are large: they have checks of their own.
const TokenizerJson = z.object({
  truncation: without("truncation"),
  padding: without("padding"),
  normalizer: without("a normalizer"),
  pre_tokenizer: ByteLevel,
  post_processor: PostProcessor.nullish(),
  // Without one the library joins tokens with spaces, which nobody means.
  decoder: z.object({ type: z.literal("ByteLevel", "only ByteLevel is supported") }).nullish(),
  added_tokens: z.array(AddedToken).default([]),
  model: z.object({
    type: z.literal("BPE", "only BPE is supported").default("BPE"),
    dropout: z.union([z.null(), z.literal(0)], "dropout is not supported").optional(),
    continuing_subword_prefix: z.union([z.null(), z.literal("")], "prefixes are not supported").optional(),
    end_of_word_suffix: z.union([z.null(), z.literal("")], "suffixes are not supported").optional(),
    byte_fallback: z.literal(false, "byte fallback is not supported").default(false),
    ignore_merges: z.literal(false, "ignoring merges is not supported").default(false),
    vocab: z.unknown(),
    merges: z.array(z.unknown()),
  }),
});

/**
 * Reads Hugging Face's `tokenizer.json` of a byte-level BPE tokenizer as GPT-2's: the ByteLevel pre-tokenizer with its
 * pattern and without added space, no normalizer. Everything that encodes otherwise is refused.
 *
 * @throws {TypeError} If the file asks for something that is not supported, names an added token with an id that the
 * library `tokenizers` does not give it, or is no `tokenizer.json`.
 * @throws {RangeError} If ids repeat or leave gaps, or a merge's tokens are not in the vocabulary.
 * @throws {SyntaxError} If it is not JSON.
 */
export async function readHuggingFaceFile(path: string): Promise<BpeModel> {
  const value = parseJson(await Deno.readTextFile(path), path);
  const parsed = TokenizerJson.safeParse(value, inOurWords);
  if (!parsed.success) throw new TypeError(`Cannot read ${path}: ${refusal(parsed.error.issues[0], value)}`);
  const { added_tokens, model } = parsed.data;
  checkOneSearch(added_tokens, path);
  const vocab = parseVocab(model.vocab, path);
  checkAddedIds(added_tokens, vocab, path);
  const merges = model.merges.map((merge, index): [string, string] => {
    if (typeof merge === "string") return parseMerge(merge, `${path}, merge ${index + 1}`);
    if (Array.isArray(merge) && merge.length === 2 && merge.every((part) => typeof part === "string" && part !== "")) {
      return [merge[0], merge[1]];
    }
    throw new TypeError(`Cannot read ${path}: merge ${index + 1} is ${JSON.stringify(merge)}; expected two tokens`);
  });
  const specialTokens = new Map(added_tokens.map(({ id, content }) => [content, id]));
  return modelOfText({ vocab, merges }, path, specialTokens);
}

/**
 * The library heeds no id of an added token: one that is in the vocabulary has its id there, each other one the next
 * free id in the order of the list.
 */
function checkAddedIds(tokens: readonly AddedToken[], vocab: ReadonlyMap<string, number>, path: string): void {
  const ids = new Map<string, number>();
  let next = vocab.size;
  for (const { id, content } of tokens) {
    const given = ids.get(content) ?? vocab.get(content) ?? next;
    if (given !== id) {
      throw new TypeError(
        `Cannot read ${path}: the added token ${JSON.stringify(content)} has the id ${id}, and tokenizers gives it ` +
          `${given}, ${
            vocab.has(content) ? "which it has in the vocabulary" : "the next that is free"
          }; correct the ids`,
      );
    }
    ids.set(content, id);
    next = Math.max(next, id + 1);
  }
}

/**
 * The library looks for all tokens that are not normalized before it looks for the others; without a normalizer that
 * differs from one search for the first and longest where one of the others holds one of them, or ends as it begins.
 */
function checkOneSearch(tokens: readonly AddedToken[], path: string): void {
  const sooner = new Set(tokens.filter(({ normalized }) => !normalized).map(({ content }) => content));
  const beginnings = new Set(
    [...sooner].flatMap((token) => Array.from({ length: token.length }, (_, end) => token.slice(0, end))),
  );
  for (const { content } of tokens.filter(({ normalized }) => normalized)) {
    for (let start = 0; start < content.length; start++) {
      let clashes = start > 0 && beginnings.has(content.slice(start));
      for (let end = start + 1; end <= content.length; end++) clashes ||= sooner.has(content.slice(start, end));
      if (!clashes) continue;
      throw new TypeError(
        `Cannot read ${path}: the added token ${JSON.stringify(content)} is normalized and may overlap one that is ` +
          `not, which is looked for before it: that is not supported`,
      );
    }
  }
}

/**
 * Writes Hugging Face's `tokenizer.json`, atomically; the library `tokenizers` encodes with it to the same ids.
 *
 * @throws {RangeError} If a special token is written like an ordinary one.
 */
export async function writeHuggingFaceFile(model: BpeModel, path: string): Promise<void> {
  const { vocab, merges } = textOfModel(model);
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: true };
  const plain = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const content = {
    version: "1.0",
    truncation: null,
    padding: null,
    // Ascending, as the library wants them.
    added_tokens: [...model.specialTokens].sort((a, b) => a[1] - b[1]).map(([content, id]) => ({
      id,
      content,
      ...plain,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocab),
      merges,
    },
  };
  await atomicWrite(path, `${JSON.stringify(content)}\n`);
}
