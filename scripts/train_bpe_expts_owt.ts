import { z } from "zod";
import type { BpeModel } from "../mod.ts";
import { readTokenizerFolder } from "../mod.ts";
import { holdsTokenizer } from "../lib/tokenizer/tokenizer_folder.ts";
import type { Report } from "./frame/report.ts";
import { runScript } from "./frame/run_script.ts";
import { corpusFor, standInNote } from "./tokenizing/corpus.ts";
import { compareTimes, longestTokens, trainAndReport } from "./tokenizing/train_and_report.ts";
import { trainingOptions } from "./tokenizing/training_options.ts";

const MADE_TOKENIZER = "runs/train_bpe_tinystories";

const Options = z.object({
  input: z.array(z.string()).default([])
    .describe("text file, also .gz; default: the OpenWebText sample if downloaded, else the built-in stories"),
  ...trainingOptions({ vocabSize: 32_000, out: "runs/train_bpe_expts_owt", builtInBytes: 50e6, seed: 1 }),
  tinystoriesTokenizer: z.string().optional()
    .describe("folder of the tokenizer to compare with; default: runs/train_bpe_tinystories, if there is one"),
});

await runScript({
  name: "train_bpe_expts_owt",
  summary: "problem train_bpe_expts_owt: a vocabulary of 32,000 on OpenWebText, and how it differs from TinyStories'",
  options: Options,
  permissions: "tokenize",
  positional: ["input"],
}, async (options, report) => {
  const corpus = corpusFor("openwebtext", options);
  // Before the work: one that cannot be read is not to be found out after an hour.
  const other = await readGivenOrMade(options.tinystoriesTokenizer);
  const { model, seconds } = await trainAndReport(
    { ...options, corpus, specialTokens: ["<|endoftext|>"], format: "gpt2" },
    report,
  );

  if (other) compareTokenizers(model, other, report);
  else report.note(`no tokenizer in ${MADE_TOKENIZER} to compare with; deno task train_bpe_tinystories makes it.`);

  const longest = longestTokens(model);
  report.compare("longest token", {
    published: "25 hyphens",
    ours: longest.join(" "),
    verdict: corpus.isPublished
      ? "two other trainings on the whole sample end with 64-byte tokens: 64 hyphens, and a run of ÃÂ"
      : "other text",
  });
  compareTimes(seconds, { time: "61 min 53 s", limit: "12 h, 100 GB" }, corpus, report);
  if (!corpus.isPublished) report.note(standInNote("openwebtext", corpus));
});

function compareTokenizers(ours: BpeModel, tinystories: BpeModel, report: Report): void {
  const decoder = new TextDecoder();
  const texts = (model: BpeModel) => new Set(model.vocabulary.map((token) => decoder.decode(token)));
  const [a, b] = [texts(ours), texts(tinystories)];
  const shared = [...a].filter((token) => b.has(token)).length;
  const meanLength = (model: BpeModel) =>
    model.vocabulary.reduce((sum, token) => sum + token.length, 0) / model.vocabulary.length;
  report.table("Compared with the TinyStories tokenizer", ["", "this one", "TinyStories"], [
    ["entries", ours.vocabulary.length, tinystories.vocabulary.length],
    ["mean bytes per entry", meanLength(ours), meanLength(tinystories)],
    ["entries with a letter outside of ASCII", count(a, /\P{ASCII}/u), count(b, /\P{ASCII}/u)],
    ["entries with a digit", count(a, /\p{N}/u), count(b, /\p{N}/u)],
    ["entries in both", shared, shared],
  ]);
  const onlyHere = [...a].filter((token) => !b.has(token) && /^ \p{L}{4,}$/u.test(token)).slice(0, 12);
  const onlyThere = [...b].filter((token) => !a.has(token) && /^ \p{L}{4,}$/u.test(token)).slice(0, 12);
  report.result("first words that are one token only here", onlyHere.join(",").trim() || "none");
  report.result("first words that are one token only in TinyStories", onlyThere.join(",").trim() || "none");
}

function count(tokens: Set<string>, pattern: RegExp): number {
  return [...tokens].filter((token) => pattern.test(token)).length;
}

/**
 * The tokenizer of a folder that was given, which must hold one, or else the one that the other task has made, if it
 * has.
 */
async function readGivenOrMade(given: string | undefined): Promise<BpeModel | undefined> {
  if (given === undefined && !holdsTokenizer(MADE_TOKENIZER)) return undefined;
  return await readTokenizerFolder(given ?? MADE_TOKENIZER);
}
