import { type BpeModel, trainBpe, writeTokenizerFolder } from "../../mod.ts";
import { checkTokenizerFolder } from "../../lib/tokenizer/tokenizer_folder.ts";
import { formatBytes, formatNumber, formatSeconds } from "../../lib/data/amounts.ts";
import { outputFolder } from "../frame/output_folder.ts";
import type { Report } from "../frame/report.ts";
import { checkTexts, noTextError } from "./check_texts.ts";
import type { Corpus } from "./corpus.ts";

/** What to train. */
export interface TrainingOrder {
  corpus: Corpus;
  vocabSize: number;
  specialTokens: string[];
  workers?: number;
  out: string;
  format: "gpt2" | "huggingface" | "tiktoken";
}

/** Trains a tokenizer, writes it, and reports time and memory by phase, size and longest tokens. */
export async function trainAndReport(
  order: TrainingOrder,
  report: Report,
): Promise<{ model: BpeModel; seconds: number }> {
  const { corpus, vocabSize, specialTokens, workers, out, format } = order;
  // Before the work, so that nothing of this is found out after an hour.
  if (corpus.paths.length > 0) await checkTexts(corpus.paths);
  checkTokenizerFolder(out, format);
  using _folder = outputFolder(out);
  report.say(`Training a vocabulary of ${formatNumber(vocabSize)} on ${corpus.about} ...`);
  const start = performance.now();
  const { model, report: training } = await trainBpe({
    input: corpus.paths.length > 0 ? corpus.paths : corpus.open(),
    vocabSize,
    specialTokens,
    workers,
    onProgress: report.progress,
    signal: report.signal,
  });
  const seconds = (performance.now() - start) / 1000;
  if (training.bytes === 0) throw noTextError(corpus.about);
  await writeTokenizerFolder(out, model, format);

  const phases = [
    { name: "counting pre-tokens", ...training.counting },
    { name: "merging pairs", ...training.merging },
  ];
  report.table(
    "Time and memory",
    ["phase", "time", "share", "most resident memory"],
    phases.map((phase) => [
      phase.name,
      formatSeconds(phase.seconds),
      `${Math.round(100 * phase.seconds / seconds)} %`,
      formatBytes(phase.residentBytes),
    ]),
  );
  const slowest = phases.reduce((a, b) => b.seconds > a.seconds ? b : a);
  report.say("");
  report.result("the part that takes the most", slowest.name);
  report.result("corpus", corpus.about);
  report.result("bytes", training.bytes);
  report.result("pre-tokens", training.pretokens);
  report.result("distinct pre-tokens", training.distinctPretokens);
  report.result("workers", training.workers);
  report.result("vocabulary", model.vocabulary.length, "entries");
  report.result("merges", model.merges.length);
  report.result("longest tokens", beginningOf(longestTokens(model)));
  report.result("tokenizer written to", out);
  if (training.ranOutOfPairs) {
    report.note(
      `the text has no more pairs to merge: the vocabulary has ${formatNumber(model.vocabulary.length)} entries, not ${
        formatNumber(vocabSize)
      }.`,
    );
  }
  return { model, seconds };
}

// Without many merges most tokens are of one length.
function beginningOf(tokens: readonly string[], most = 12): string {
  const rest = tokens.length - most;
  return tokens.slice(0, most).join(" ") + (rest > 0 ? ` and ${formatNumber(rest)} more` : "");
}

/** A training's time beside those of a published problem. */
export function compareTimes(
  seconds: number,
  published: { time: string; limit: string },
  { isPublished }: Corpus,
  report: Report,
): void {
  const ours = formatSeconds(seconds);
  report.compare("training time", { published: published.time, ours, verdict: isPublished ? "" : "other text" });
  report.compare("handout's limit", { published: published.limit, ours });
}

/** The longest tokens, special ones left out: all that tie, as quoted text, in the order of their ids. */
export function longestTokens(model: BpeModel): string[] {
  const special = new Set(model.specialTokens.values());
  const ordinary = model.vocabulary.filter((_, id) => !special.has(id));
  const longest = Math.max(...ordinary.map((token) => token.length));
  const decoder = new TextDecoder();
  return ordinary.filter((token) => token.length === longest).map((token) => JSON.stringify(decoder.decode(token)));
}
