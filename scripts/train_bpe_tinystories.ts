import { z } from "zod";
import { runScript } from "./frame/run_script.ts";
import { threadCount } from "./frame/thread_count.ts";
import { builtInCorpus, corpusOfFiles, downloadedCorpus, standInNote } from "./tokenizing/corpus.ts";
import { longestTokens, trainAndReport } from "./tokenizing/train_and_report.ts";

const Options = z.object({
  input: z.array(z.string()).default([])
    .describe("text file, also .gz; default: TinyStories if downloaded, else the built-in stories"),
  vocabSize: z.int().min(257).default(10_000).describe("entries, special tokens and the 256 bytes included"),
  out: z.string().default("runs/train_bpe_tinystories").describe("folder for the tokenizer"),
  workers: threadCount.optional().describe("threads that count; default: all cores"),
  builtInBytes: z.number().positive().default(50e6).describe("bytes of the built-in stories"),
  seed: z.int().default(0).describe("seed of the built-in stories"),
});

await runScript({
  name: "train_bpe_tinystories",
  summary: "problem train_bpe_tinystories: a vocabulary of 10,000 on TinyStories, its time, memory and longest token",
  options: Options,
  permissions: "tokenize",
  positional: ["input"],
}, async (options, report) => {
  const corpus = options.input.length > 0
    ? corpusOfFiles(options.input)
    : downloadedCorpus("tinystories") ?? builtInCorpus(options.builtInBytes, options.seed);
  const { model, seconds } = await trainAndReport(
    { ...options, corpus, specialTokens: ["<|endoftext|>"], format: "gpt2" },
    report,
  );

  const longest = longestTokens(model);
  const agrees = longest.includes('" accomplishment"');
  report.compare("longest token", {
    published: '" accomplishment"',
    ours: longest.join(" "),
    verdict: !corpus.isPublished
      ? "other text"
      : agrees
      ? longest.length > 1 ? "agrees, in a tie" : "agrees"
      : "differs",
  });
  report.compare("training time", {
    published: "19 s, machine not stated",
    ours: `${seconds.toFixed(1)} s`,
    verdict: corpus.isPublished ? "" : "other text",
  });
  report.compare("handout's limit", { published: "30 min, 30 GB", ours: `${seconds.toFixed(1)} s` });
  if (!corpus.isPublished) report.note(standInNote("tinystories", corpus));
});
