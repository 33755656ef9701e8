import { z } from "zod";
import { AtomicFile, documents, Random, sampleDocuments, Tokenizer, trainBpe } from "../mod.ts";
import { holdsTokenizer } from "../lib/tokenizer/tokenizer_folder.ts";
import { formatBytes, formatNumber, formatSeconds } from "../lib/data/amounts.ts";
import { outputFolder } from "./frame/output_folder.ts";
import type { Report } from "./frame/report.ts";
import { runScript } from "./frame/run_script.ts";
import { threadCount } from "./frame/thread_count.ts";
import { checkTexts } from "./tokenizing/check_texts.ts";
import {
  builtInCorpus,
  type Corpus,
  corpusOfFiles,
  downloadedCorpus,
  publishedCorpora,
  type PublishedCorpus,
  standInNote,
} from "./tokenizing/corpus.ts";

const SEPARATOR = "<|endoftext|>";
const PILE_BYTES = 825e9;

const Options = z.object({
  tinystories: z.array(z.string()).default([])
    .describe("text in place of TinyStories; default: TinyStories if downloaded, else the built-in stories"),
  openwebtext: z.array(z.string()).default([])
    .describe("text in place of OpenWebText; default: the OpenWebText sample if downloaded, else left out"),
  tinystoriesTokenizer: z.string().optional()
    .describe("folder of the tokenizer for it; default: runs/train_bpe_tinystories, or one is trained here"),
  openwebtextTokenizer: z.string().optional()
    .describe("folder of the tokenizer for it; default: runs/train_bpe_expts_owt, or one is trained here"),
  out: z.string().default("runs/tokenizer_experiments").describe("folder for the .npy files"),
  documents: z.int().min(1).default(10).describe("documents to sample"),
  encodeCorpora: z.boolean().default(true).describe(
    "encode the whole corpora for (d); --no-encode-corpora leaves it out",
  ),
  workers: threadCount.optional().describe("threads; default: all cores"),
  builtInBytes: z.number().positive().default(20e6).describe("bytes of the built-in stories"),
  seed: z.int().default(0).describe("seed of the sample and of the built-in stories"),
});
type Options = z.output<typeof Options>;

interface Subject {
  name: PublishedCorpus;
  corpus: Corpus;
  tokenizer: Tokenizer;
  sample: Uint8Array[];
}

await runScript({
  name: "tokenizer_experiments",
  summary: "problem tokenizer_experiments: compression, crossed tokenizers, throughput, and why uint16 is enough",
  options: Options,
  permissions: "tokenize",
}, async (options, report) => {
  for (const texts of [options.tinystories, options.openwebtext]) if (texts.length > 0) await checkTexts(texts);
  using _folder = outputFolder(options.out);
  const subjects: Subject[] = [];
  for (const name of ["tinystories", "openwebtext"] as const) {
    const corpus = corpusFor(name, options, report);
    if (!corpus) continue;
    const tokenizer = await tokenizerFor(name, corpus, options, report);
    const sample = await sampleDocuments(
      documents(counted(corpus, report), SEPARATOR),
      options.documents,
      new Random(options.seed),
    );
    if (sample.length === 0) {
      throw new Error(`Cannot sample documents: ${corpus.about} has no text; give another --${name}`);
    }
    subjects.push({ name, corpus, tokenizer, sample });
  }

  compression(subjects, report);
  throughput(subjects, report);
  if (options.encodeCorpora) await encodeCorpora(subjects, options, report);
  for (const { name, corpus } of subjects) if (!corpus.isPublished) report.note(standInNote(name, corpus));
});

function corpusFor(name: PublishedCorpus, options: Options, report: Report): Corpus | undefined {
  if (options[name].length > 0) return corpusOfFiles(options[name]);
  const downloaded = downloadedCorpus(name);
  if (downloaded || name === "tinystories") return downloaded ?? builtInCorpus(options.builtInBytes, options.seed);
  const { title, key } = publishedCorpora[name];
  report.note(
    `${title} is left out: it is not there (deno task data ${key} gets it), and no text was given with --${name}.`,
  );
  return undefined;
}

async function tokenizerFor(
  name: PublishedCorpus,
  corpus: Corpus,
  options: Options,
  report: Report,
): Promise<Tokenizer> {
  const { given, made, vocabSize } = name === "tinystories"
    ? { given: options.tinystoriesTokenizer, made: "runs/train_bpe_tinystories", vocabSize: 10_000 }
    : { given: options.openwebtextTokenizer, made: "runs/train_bpe_expts_owt", vocabSize: 32_000 };
  const folder = given ?? made;
  if (given !== undefined || holdsTokenizer(made)) {
    const tokenizer = await Tokenizer.load(folder, { specialTokens: [SEPARATOR] });
    report.say(`${publishedCorpora[name].title} tokenizer: ${folder}, ${formatNumber(tokenizer.vocabSize)} entries`);
    return tokenizer;
  }
  report.note(
    `${folder} has no tokenizer: one with ${formatNumber(vocabSize)} entries was trained on ${corpus.about}.`,
  );
  const { model } = await trainBpe({
    input: corpus.paths.length > 0 ? corpus.paths : corpus.open(),
    vocabSize,
    specialTokens: [SEPARATOR],
    workers: options.workers,
    onProgress: report.progress,
    signal: report.signal,
  });
  return Tokenizer.fromModel(model);
}

async function* counted(corpus: Corpus, report: Report): AsyncGenerator<Uint8Array> {
  let done = 0;
  for await (const chunk of corpus.open()) {
    report.progress({ phase: "sampling documents", done, unit: "bytes" });
    done += chunk.length;
    yield chunk;
  }
}

/** (a) and (b): bytes per token of each sample under each tokenizer. */
function compression(subjects: Subject[], report: Report): void {
  const ratio = (tokenizer: Tokenizer, sample: Uint8Array[]) =>
    sum(sample.map((bytes) => bytes.length)) / sum(sample.map((bytes) => tokenizer.encodeBytes(bytes).length));
  report.table(
    `(a), (b) Bytes per token of ${subjects[0].sample.length} sampled documents`,
    ["documents from", "bytes", ...subjects.map(({ name }) => `${publishedCorpora[name].title} tokenizer`)],
    subjects.map(({ name, sample }) => [
      publishedCorpora[name].title,
      sum(sample.map((bytes) => bytes.length)),
      ...subjects.map(({ tokenizer }) => ratio(tokenizer, sample)),
    ]),
  );
  const [tinystories, openwebtext] = subjects;
  const verdict = (subject: Subject) => subject.corpus.isPublished ? "another sample of 10" : "other text";
  report.compare("(a) TinyStories, bytes per token", {
    published: 4.04299481097109,
    ours: ratio(tinystories.tokenizer, tinystories.sample),
    verdict: verdict(tinystories),
  });
  report.compare("(a) OpenWebText, bytes per token", {
    published: "left blank",
    ours: openwebtext ? ratio(openwebtext.tokenizer, openwebtext.sample) : "no text",
    verdict: openwebtext ? verdict(openwebtext) : "give --openwebtext",
  });
  report.compare("(b) OpenWebText by the TinyStories tokenizer", {
    published: 3.314927768860353,
    ours: openwebtext ? ratio(tinystories.tokenizer, openwebtext.sample) : "no text",
    verdict: openwebtext ? verdict(openwebtext) : "give --openwebtext",
  });
}

/** (c): how fast one thread encodes, measured on the sampled documents for at least a second. */
function throughput(subjects: Subject[], report: Report): void {
  for (const { name, tokenizer, sample } of subjects) {
    const text = concatenate(sample);
    tokenizer.encodeBytes(text); // once, so that compiled code and a warm cache are measured, as in a long run
    let bytes = 0, tokens = 0;
    const start = performance.now();
    do {
      tokens += tokenizer.encodeBytes(text).length;
      bytes += text.length;
      report.progress({ phase: "measuring throughput", done: bytes, unit: "bytes" });
    } while (performance.now() - start < 1000);
    const seconds = (performance.now() - start) / 1000;
    const title = publishedCorpora[name].title;
    report.say(`\n(c) Throughput of one thread on the ${title} documents, which are in memory and soon in the cache`);
    report.result(`${title}, MB per second`, bytes / 1e6 / seconds);
    report.result(`${title}, tokens per second`, Math.round(tokens / seconds));
    report.duration(`${title}, the Pile's 825 GB at that speed`, PILE_BYTES / (bytes / seconds));
    if (name === "tinystories") {
      report.compare("(c) tokens per second", {
        published: 17_798,
        ours: Math.round(tokens / seconds),
        verdict: `${formatNumber(tokens / seconds / 17_798, 0)} times; published machine not stated`,
      });
      report.compare("(c) the Pile (825 GB)", {
        published: "left blank",
        ours: formatSeconds(PILE_BYTES / (bytes / seconds)),
        verdict: "one thread",
      });
    }
  }
}

/** (d): the corpora as .npy files, and whether their ids fit uint16. */
async function encodeCorpora(subjects: Subject[], options: Options, report: Report): Promise<void> {
  for (const { name, corpus, tokenizer } of subjects) {
    const paths = corpus.paths.length > 0 ? corpus.paths : [await writeBuiltIn(corpus, options.out)];
    for (const [index, path] of paths.entries()) {
      const output = `${options.out}/${name}${paths.length > 1 ? `-${index}` : ""}.npy`;
      const start = performance.now();
      const { bytes, tokens } = await tokenizer.encodeFile(path, output, {
        workers: options.workers,
        onProgress: report.progress,
      });
      const seconds = (performance.now() - start) / 1000;
      report.say(`\n(d) ${publishedCorpora[name].title} as ids`);
      report.result(`${name}: written`, output);
      report.result(`${name}: tokens`, tokens);
      report.result(`${name}: bytes per token of the whole`, bytes / tokens);
      report.result(`${name}: file speed`, bytes / 1e6 / seconds, "MB/s");
      report.result(`${name}: file tokens per second`, Math.round(tokens / seconds));
      report.result(`${name}: largest possible id`, tokenizer.vocabSize - 1);
      report.result(`${name}: size as uint16`, formatBytes(2 * tokens));
      report.result(`${name}: size as int64`, formatBytes(8 * tokens));
    }
  }
  const largest = Math.max(...subjects.map(({ tokenizer }) => tokenizer.vocabSize)) - 1;
  report.compare("(d) why uint16 is enough", {
    published: "left blank",
    ours: `largest id ${formatNumber(largest)}`,
    verdict: largest < 2 ** 16
      ? "below 65,536 = 2^16: two bytes hold every id, and no fewer do"
      : "uint16 is not enough",
  });
}

async function writeBuiltIn(corpus: Corpus, folder: string): Promise<string> {
  const path = `${folder}/stories.txt`;
  using file = new AtomicFile(path);
  for await (const chunk of corpus.open()) file.write(chunk);
  file.commit();
  return path;
}

function concatenate(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(sum(pieces.map((piece) => piece.length)));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
