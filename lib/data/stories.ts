import { Random } from "../tensor/random.ts";
import { CompiledGrammar } from "./stories/grammar.ts";
import { plotRules } from "./stories/plots.ts";
import { scenarioLists } from "./stories/scenarios.ts";
import { wordLists } from "./stories/words.ts";

/** Which stories to generate, and how many. */
export interface StoriesOptions {
  /** Seed of the text; another seed tells other stories. Default 0. */
  seed?: number;
  /** Least number of bytes in all; the text ends with the story that reaches it. */
  bytes: number;
  /** Least size of a chunk, in bytes; it divides the same text differently. Default 1 MiB. */
  chunkBytes?: number;
}

/** What stands between stories, on a line of its own, as in TinyStories. */
export const STORY_SEPARATOR = "<|endoftext|>";

const ANIMAL_SLOTS = { animal: "animal", other: "animal", judge: "animal" };
const OWN_LISTS = Object.fromEntries(Object.keys(scenarioLists).map((name) => [name, name]));

const STORY_END = new TextEncoder().encode(`\n${STORY_SEPARATOR}\n`);

let compiled: CompiledGrammar | undefined;

// Compiling takes a few milliseconds, which a script that tells no stories should not pay.
function grammar(): CompiledGrammar {
  return compiled ??= new CompiledGrammar({
    lists: { ...wordLists, ...scenarioLists },
    slots: {
      ...{ hero: "name", friend: "name", elder: "elder", neighbor: "neighbor", trait: "trait", town: "town" },
      ...{ toy: "toy", food: "food", hidden: "hidden" },
      ...ANIMAL_SLOTS,
      ...OWN_LISTS,
    },
    rules: plotRules,
  }, "story");
}

/**
 * Tells short stories in the manner of TinyStories (Eldan and Li, 2023), as UTF-8 chunks of whole stories, each story
 * followed by a line {@linkcode STORY_SEPARATOR}. It is the built-in corpus: text that is there without a download.
 *
 * The stories are synthetic. A hand-written grammar combines plots, characters, objects and turns of phrase, so the
 * text is grammatical, follows from sentence to sentence and differs from story to story, but its sentences come from a
 * limited stock: five megabytes have about 2,800 distinct words where real TinyStories have more than 7,000, a model
 * reaches a far lower loss on it than on any real text, and a validation set from another seed shares most of its
 * phrases with the training set. It is good for trying out, tests and measuring speed; results on it say nothing about
 * results on TinyStories.
 *
 * The same seed gives the same bytes on every machine, and a shorter text is the beginning of a longer one.
 *
 * @throws {RangeError} If `bytes` or `chunkBytes` is not a number above zero.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * let total = 0;
 * for (const chunk of generateStories({ seed: 1, bytes: 100_000 })) total += chunk.length;
 * assertEquals(total >= 100_000, true);
 * ```
 */
export function* generateStories(options: StoriesOptions): Generator<Uint8Array<ArrayBuffer>> {
  const { seed = 0, bytes, chunkBytes = 1 << 20 } = options;
  for (const [name, value] of Object.entries({ bytes, chunkBytes })) {
    if (!(value > 0)) throw new RangeError(`Cannot tell stories: ${name} is ${value}; it must be above zero`);
  }
  const stories = grammar();
  const random = new Random(seed);
  for (let total = 0; total < bytes;) {
    const wanted = Math.min(chunkBytes, bytes - total);
    const chunk = new Uint8Array(wanted + stories.longest + STORY_END.length);
    let position = 0;
    while (position < wanted) {
      position = stories.write(random, chunk, position);
      chunk.set(STORY_END, position);
      position += STORY_END.length;
    }
    total += position;
    yield chunk.subarray(0, position);
  }
}

/**
 * The text of {@linkcode generateStories} as one string, for small amounts.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const text = storiesText({ seed: 7, bytes: 1000 });
 * assertEquals(text.endsWith("\n<|endoftext|>\n"), true);
 * assertEquals(storiesText({ seed: 7, bytes: 5000 }).startsWith(text), true);
 * ```
 */
export function storiesText(options: StoriesOptions): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const chunk of generateStories(options)) text += decoder.decode(chunk);
  return text;
}
