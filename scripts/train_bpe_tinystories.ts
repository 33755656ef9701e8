import { z } from "zod";
import { runScript } from "./frame/run_script.ts";
import { corpusFor, standInNote } from "./tokenizing/corpus.ts";
import { compareTimes, longestTokens, trainAndReport } from "./tokenizing/train_and_report.ts";
import { trainingOptions } from "./tokenizing/training_options.ts";

const Options = z.object({
  input: z.array(z.string()).default([])
    .describe("text file, also .gz; default: TinyStories if downloaded, else the built-in stories"),
  ...trainingOptions({ vocabSize: 10_000, out: "runs/train_bpe_tinystories", builtInBytes: 50e6, seed: 0 }),
});

await runScript({
  name: "train_bpe_tinystories",
  summary: "problem train_bpe_tinystories: a vocabulary of 10,000 on TinyStories, its time, memory and longest token",
  options: Options,
  permissions: "tokenize",
  positional: ["input"],
}, async (options, report) => {
  const corpus = corpusFor("tinystories", options);
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
  compareTimes(seconds, { time: "19 s, machine not stated", limit: "30 min, 30 GB" }, corpus, report);
  if (!corpus.isPublished) report.note(standInNote("tinystories", corpus));
});
