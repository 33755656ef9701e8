import { Tokenizer } from "../tokenizer/tokenizer.ts";
import { TOKENIZER_FILES } from "../tokenizer/tokenizer_folder.ts";
import type { FolderEntry, ReadOnlyFolder } from "./read_only_folder.ts";

interface Place {
  folder: ReadOnlyFolder;
  name: string;
  version: string;
}

const ALL_FILES = Object.values(TOKENIZER_FILES).flat();

// Tokenizers of large vocabularies take tens of megabytes and a second to load: the one at hand stays, not all.
const MOST_LOADED = 2;

/** Finds the tokenizers in folders, in any format, and loads them. */
export class TokenizerReader {
  readonly #folders: readonly ReadOnlyFolder[];
  readonly #loaded = new Map<string, { version: string; tokenizer: Promise<Tokenizer> }>();

  /** @param folders Where to look. */
  constructor(folders: readonly ReadOnlyFolder[]) {
    this.#folders = folders;
  }

  /** Paths of all tokenizers' folders, as they are given to tasks: "runs/demo/tokenizer". */
  names(): string[] {
    return [...this.#places().keys()];
  }

  /**
   * Loads a tokenizer of {@linkcode names}.
   *
   * @returns Undefined if there is none of that name.
   * @throws {Error} If its files are malformed or not supported.
   */
  async load(name: string): Promise<Tokenizer | undefined> {
    const place = this.#places().get(name);
    if (place === undefined) return undefined;
    let known = this.#loaded.get(name);
    this.#loaded.delete(name);
    if (known?.version !== place.version) known = { version: place.version, tokenizer: loadFrom(place) };
    this.#loaded.set(name, known);
    const [oldest] = this.#loaded.keys();
    if (this.#loaded.size > MOST_LOADED) this.#loaded.delete(oldest);
    return await known.tokenizer;
  }

  #places(): Map<string, Place> {
    const places = new Map<string, Place>();
    for (const folder of this.#folders) {
      for (const entry of folder.folders()) {
        if (!holdsTokenizer(entry)) continue;
        const version = ALL_FILES.map((file) => folder.stat(`${entry.name}/${file}`)?.mtime?.getTime()).join(" ");
        const name = entry.name === "" ? folder.path : `${folder.path}/${entry.name}`;
        places.set(name, { folder, name: entry.name, version });
      }
    }
    return places;
  }
}

// GPT-2's two files belong together; that with a .tiktoken file's special tokens may be missing.
function holdsTokenizer({ files }: FolderEntry): boolean {
  const { huggingface, gpt2, tiktoken } = TOKENIZER_FILES;
  return [huggingface, gpt2, tiktoken.slice(0, 1)].some((needed) => needed.every((file) => files.has(file)));
}

async function loadFrom({ folder, name }: Place): Promise<Tokenizer> {
  const path = folder.locate(name)!;
  const link = ALL_FILES.find((file) => isLink(`${path}/${file}`));
  if (link !== undefined) {
    throw new Error(
      `Cannot show the tokenizer in ${path}: its ${link} is a symbolic link, which may lead anywhere; put the file there`,
    );
  }
  return await Tokenizer.load(path);
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
