import { z } from "zod";
import type { BpeModel } from "../mod.ts";
import { readTokenizerFolder } from "../mod.ts";
import { runScript } from "./frame/run_script.ts";
import { threadCount } from "./frame/thread_count.ts";
import { builtInCorpus, corpusOfFiles, downloadedCorpus, standInNote } from "./tokenizing/corpus.ts";
import { longestTokens, trainAndReport } from "./tokenizing/train_and_report.ts";

const Options = z.object({
  input: z.array(z.string()).default([])
    .describe("text file, also .gz; default: the OpenWebText sample if downloaded, else the built-in stories"),
  vocabSize: z.int().min(257).default(32_000).describe("entries, special tokens and the 256 bytes included"),
  out: z.string().default("runs/train_bpe_expts_owt").describe("folder for the tokenizer"),
  tinystoriesTokenizer: z.string().default("runs/train_bpe_tinystories")
    .describe("folder of the tokenizer to compare with, as deno task train_bpe_tinystories makes it"),
  workers: threadCount.optional().describe("threads that count; default: all cores"),
  builtInBytes: z.number().positive().default(50e6).describe("bytes of the built-in stories"),
  seed: z.int().default(1).describe("seed of the built-in stories"),
});

await runScript({
  name: "train_bpe_expts_owt",
  summary: "problem train_bpe_expts_owt: a vocabulary of 32,000 on OpenWebText, and how it differs from TinyStories'",
  options: Options,
  permissions: "tokenize",
  positional: ["input"],
}, async (options, report) => {
  const corpus = options.input.length > 0
    ? corpusOfFiles(options.input)
    : downloadedCorpus("openwebtext") ?? builtInCorpus(options.builtInBytes, options.seed);
  const { model, seconds } = await trainAndReport(
    { ...options, corpus, specialTokens: ["<|endoftext|>"], format: "gpt2" },
    report,
  );

  const other = await readIfThere(options.tinystoriesTokenizer);
  if (other) {
    compareTokenizers(model, other, report);
  } else {
    report.note(
      `no tokenizer in ${options.tinystoriesTokenizer} to compare with; deno task train_bpe_tinystories makes it.`,
    );
  }

  const longest = longestTokens(model);
  report.compare("longest token", {
    published: "25 hyphens",
    ours: longest.join(" "),
    verdict: corpus.isPublished
      ? "two other trainings on the whole sample end with 64-byte tokens: 64 hyphens, and a run of ÃÂ"
      : "other text",
  });
  report.compare("training time", {
    published: "61 min 53 s",
    ours: `${seconds.toFixed(1)} s`,
    verdict: corpus.isPublished ? "" : "other text",
  });
  report.compare("handout's limit", { published: "12 h, 100 GB", ours: `${seconds.toFixed(1)} s` });
  if (!corpus.isPublished) report.note(standInNote("openwebtext", corpus));
});

type Reported = Parameters<Parameters<typeof runScript>[1]>[1];

function compareTokenizers(ours: BpeModel, tinystories: BpeModel, report: Reported): void {
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

async function readIfThere(folder: string): Promise<BpeModel | undefined> {
  try {
    return await readTokenizerFolder(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
