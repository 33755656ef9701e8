/** One file of a published data set. */
export interface CorpusFile {
  /** What it is for. */
  split: "train" | "valid";
  /** The file's name on the server and in data/. */
  name: string;
  /** About how many bytes of text it holds once unpacked. */
  textBytes?: number;
}

/** A published data set. */
export interface Corpus {
  /** What people call it. */
  title: string;
  /** What the text is, in a few words. */
  about: string;
  /** The folder of its files; ends in a slash. */
  address: string;
  /** What stands between documents. */
  separator: string;
  /** Its files. */
  files: CorpusFile[];
}

/**
 * The data sets of the handout's experiments. Files that end in `.gz` stay packed on disk, where they take less than
 * half of the room; training and encoding read them as they are.
 */
export const corpora: { tinystories: Corpus; owt: Corpus } = {
  tinystories: {
    title: "TinyStories",
    about: "short stories in the words of a small child, written by GPT-4 (Eldan and Li, 2023)",
    address: "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/",
    separator: "<|endoftext|>",
    files: [
      { split: "train", name: "TinyStoriesV2-GPT4-train.txt", textBytes: 2.2e9 },
      { split: "valid", name: "TinyStoriesV2-GPT4-valid.txt", textBytes: 22e6 },
    ],
  },
  owt: {
    title: "OpenWebText sample",
    about: "a sample of pages that people linked to (Gokaslan and Cohen, 2019), as CS336 hands it out",
    address: "https://huggingface.co/datasets/stanford-cs336/owt-sample/resolve/main/",
    separator: "<|endoftext|>",
    files: [
      { split: "train", name: "owt_train.txt.gz", textBytes: 12e9 },
      { split: "valid", name: "owt_valid.txt.gz" },
    ],
  },
};

/** Name of a published data set. */
export type CorpusName = keyof typeof corpora;

/**
 * Where a data set's files are, one address per file.
 *
 * @param from Another folder that holds files of the same names; default: where the set was published.
 * @throws {RangeError} If `from` is not an http or https address.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const [train] = corpusAddresses("owt", "http://localhost:8000/mirror");
 * assertEquals(train.href, "http://localhost:8000/mirror/owt_train.txt.gz");
 * ```
 */
export function corpusAddresses(name: CorpusName, from: string = corpora[name].address): URL[] {
  const folder = URL.parse(from.endsWith("/") ? from : `${from}/`);
  if (folder === null || !/^https?:$/.test(folder.protocol)) {
    throw new RangeError(
      `Cannot download ${corpora[name].title} from ${JSON.stringify(from)}: it is not an address; ` +
        `try https://... of the folder that holds ${corpora[name].files[0].name}`,
    );
  }
  return corpora[name].files.map((file) => new URL(file.name, folder));
}
