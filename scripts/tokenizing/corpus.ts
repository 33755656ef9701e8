import { formatBytes } from "../../lib/data/amounts.ts";
import { corpora } from "../../lib/data/corpora.ts";
import { generateStories } from "../../lib/data/stories.ts";
import { isFile } from "../../lib/data/is_file.ts";
import { openFile } from "../../lib/data/open_file.ts";
import { pipedText } from "./piped_text.ts";
import { isGzip, unpackGzip } from "../../lib/tokenizer/unpack_gzip.ts";

/** Text that a task works on. */
export interface Corpus {
  /** What it is, for the report: a file's name, or the built-in stories with size and seed. */
  about: string;
  /** Files to read, one after the other; or none for the built-in stories and the standard input. */
  paths: string[];
  /** Whether it is the corpus of the published results, so that figures may be compared. */
  isPublished: boolean;
  /** The text in pieces; each call reads it from the beginning. `.gz` files are unpacked. */
  open(): AsyncIterable<Uint8Array>;
}

/** Where the tasks look for each published corpus, and what is said about it. */
export const publishedCorpora = {
  tinystories: { title: "TinyStories", key: "tinystories" },
  openwebtext: { title: "OpenWebText", key: "owt" },
} as const;

/** The name of a published corpus. */
export type PublishedCorpus = keyof typeof publishedCorpora;

/** A person's own files as a corpus. */
export function corpusOfFiles(paths: string[]): Corpus {
  return { about: paths.join(", "), paths, isPublished: false, open: () => readFiles(paths) };
}

/** What comes through the standard input as a corpus, which can be opened once. */
export function standardInputCorpus(signal: AbortSignal): Corpus {
  return { about: "the standard input", paths: [], isPublished: false, open: () => pipedText("-", signal)! };
}

/** The built-in stories as a corpus. */
export function builtInCorpus(bytes: number, seed: number): Corpus {
  const chunks = () => generateStories({ seed, bytes });
  return {
    about: `built-in stories, ${formatBytes(bytes)}, seed ${seed}`,
    paths: [],
    isPublished: false,
    open: async function* () {
      yield* chunks();
    },
  };
}

/** A published corpus where `deno task data` has put it, packed or not, or undefined where it is not there. */
export function downloadedCorpus(name: PublishedCorpus): Corpus | undefined {
  const { title, key } = publishedCorpora[name];
  const packed = `data/${corpora[key].files[0].name}`;
  for (const path of new Set([packed.replace(/\.gz$/, ""), packed])) {
    if (isFile(path)) {
      return { about: `${title} (${path})`, paths: [path], isPublished: true, open: () => readFiles([path]) };
    }
  }
  return undefined;
}

/** The files given, or else a published corpus as downloaded, or else the built-in stories. */
export function corpusFor(
  name: PublishedCorpus,
  { input, builtInBytes, seed }: { input: string[]; builtInBytes: number; seed: number },
): Corpus {
  return input.length > 0 ? corpusOfFiles(input) : downloadedCorpus(name) ?? builtInCorpus(builtInBytes, seed);
}

/** Says that other text stands in for a published corpus, and how to get that. */
export function standInNote(name: PublishedCorpus, corpus: Corpus): string {
  const { title, key } = publishedCorpora[name];
  return `this ran on ${corpus.about}, not on ${title}, so its figures do not compare with the published ones; ` +
    `deno task data ${key} downloads ${title}.`;
}

async function* readFiles(paths: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const path of paths) {
    yield* isGzip(path) ? unpackGzip(path) : openFile(path).readable;
  }
}
