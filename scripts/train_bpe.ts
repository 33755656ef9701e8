import { z } from "zod";
import { checkVocabulary } from "../lib/tokenizer/train_bpe.ts";
import { judgedBy } from "./frame/agreement.ts";
import { runScript } from "./frame/run_script.ts";
import { builtInCorpus, corpusOfFiles, standardInputCorpus } from "./tokenizing/corpus.ts";
import { isStandardInput } from "./tokenizing/piped_text.ts";
import { trainAndReport } from "./tokenizing/train_and_report.ts";
import { trainingOptions } from "./tokenizing/training_options.ts";

const Options = z.object({
  input: z.array(z.string()).default([]).describe(
    "text file, also .gz, or - alone for the standard input; without one, the built-in stories",
  ),
  specialToken: z.array(z.string()).default(["<|endoftext|>"]).describe(
    "text that is one token, never split or merged",
  ),
  ...trainingOptions({ vocabSize: 10_000, out: "runs/train_bpe", builtInBytes: 20e6, seed: 0 }),
  format: z.enum(["gpt2", "huggingface", "tiktoken"]).default("gpt2")
    .describe("gpt2 writes vocab.json and merges.txt, huggingface tokenizer.json, tiktoken tokenizer.tiktoken"),
});

await runScript({
  name: "train_bpe",
  summary: "trains a byte-level BPE tokenizer on any text (problem train_bpe)",
  options: Options.superRefine(
    judgedBy(({ vocabSize, specialToken }) => checkVocabulary(vocabSize, specialToken)),
  ).refine(({ input }) => input.length < 2 || !input.some(isStandardInput), {
    path: ["input"],
    error: "the standard input goes alone; name only files, or give all text through the pipe",
  }),
  permissions: "tokenize",
  positional: ["input"],
  details: "Example: deno task train_bpe corpus.txt --vocab-size 10_000 --out runs/my_tokenizer",
}, async (options, report) => {
  const { input, builtInBytes, seed } = options;
  const corpus = input.some(isStandardInput)
    ? standardInputCorpus(report.signal)
    : input.length > 0
    ? corpusOfFiles(input)
    : builtInCorpus(builtInBytes, seed);
  await trainAndReport({ ...options, corpus, specialTokens: options.specialToken }, report);
});
