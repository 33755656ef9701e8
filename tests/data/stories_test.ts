import { assert, assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import { generateStories, storiesText, STORY_SEPARATOR } from "../../lib/data/stories.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

function concatenated(options: { seed?: number; bytes: number; chunkBytes?: number }): Uint8Array {
  const chunks = [...generateStories(options)];
  const whole = new Uint8Array(chunks.reduce((total, chunk) => total + chunk.length, 0));
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.length;
  }
  return whole;
}

// One sample for the tests of grammar, large enough that every plot and nearly every row of the lists occurs in it.
const sample = storiesText({ seed: 11, bytes: 3_000_000 });
const stories = sample.split(`\n${STORY_SEPARATOR}\n`).slice(0, -1);

/** The first few places where a pattern occurs, with what stands around them. */
function occurrences(pattern: RegExp): string[] {
  const places = Array.from(sample.matchAll(pattern).take(3), ({ index }) => index);
  return places.map((place) => sample.slice(Math.max(0, place - 40), place + 40));
}

Deno.test("the first megabyte of seed 42 has these very bytes on every machine", () => {
  const hash = "e3c58501663d78e259a37d9629d6991660debd2809fdaba8c05e3cba2dcb4375";
  assertEquals(sha256(concatenated({ seed: 42, bytes: 1_000_000 })), hash);
});

Deno.test("the size of the chunks does not change the text", () => {
  const whole = concatenated({ seed: 3, bytes: 200_000 });
  for (const chunkBytes of [1, 1000, 65_536, 10_000_000]) {
    assertEquals(sha256(concatenated({ seed: 3, bytes: 200_000, chunkBytes })), sha256(whole));
  }
});

Deno.test("every chunk and the text end with a whole story, and the text is not a story longer than asked for", () => {
  const bytes = 100_000;
  const text = storiesText({ seed: 5, bytes });
  assert(text.length >= bytes);
  assert(text.lastIndexOf(STORY_SEPARATOR, text.length - STORY_SEPARATOR.length - 2) < bytes);
  for (const chunk of generateStories({ seed: 5, bytes, chunkBytes: 3000 })) {
    assert(new TextDecoder().decode(chunk).endsWith(`\n${STORY_SEPARATOR}\n`));
  }
});

Deno.test("a shorter text is the beginning of a longer one", () => {
  assert(storiesText({ seed: 9, bytes: 50_000 }).startsWith(storiesText({ seed: 9, bytes: 20_000 })));
});

Deno.test("another seed tells other stories", () => {
  const others = new Set(storiesText({ seed: 12, bytes: 1_000_000 }).split(`\n${STORY_SEPARATOR}\n`).slice(0, -1));
  const shared = stories.filter((story) => others.has(story));
  assertEquals(shared, []);
});

Deno.test("nearly every story is told once, and the words are many", () => {
  assert(new Set(stories).size > 0.999 * stories.length);
  const firstSentences = new Set(stories.map((story) => story.split(". ")[0]));
  assert(firstSentences.size > 0.5 * stories.length, `${firstSentences.size} of ${stories.length}`);
  const words = new Set(sample.toLowerCase().match(/[a-z'-]+/g));
  assert(words.size > 2500, `${words.size} words`);
});

Deno.test("the text is printable ASCII without stray spaces or template marks", () => {
  assertEquals(occurrences(/[^\n -~]/g), []);
  assertEquals(occurrences(/ {2}| \n|\n |\n\n|^\s/g), []);
  assertEquals(occurrences(/[{}[\]^#@]|(?<!<|endoftext)\|/g), []);
});

Deno.test("a vowel takes an, a consonant a", () => {
  assertEquals(occurrences(/\ba (?!uni|uku)[aeiou]/gi), []);
  assertEquals(occurrences(/\ban (?!honest|hour)[^aeiou]/gi), []);
});

Deno.test("sentences begin with a capital and end with one mark", () => {
  const title = "(?<!\\b(?:Mr|Mrs))";
  assertEquals(occurrences(new RegExp(`${title}[.!?] [a-z]|\\n(?!<)[^A-Z"]`, "g")), []);
  assertEquals(occurrences(/[.,!?;:][.,!?;:]| [.,!?;:]|[.,!?;:]\w|\S"\w/g), []);
  for (const story of stories) assert(/[.!?]"?$/.test(story), story);
});

Deno.test("every quotation is closed in its paragraph, and a question asked ends with a question mark", () => {
  for (const paragraph of sample.split("\n")) assertEquals(paragraph.split('"').length % 2, 1, paragraph);
  assertEquals(occurrences(/[^?]" (?:\w+ )?(?:asked|wondered)\b/g), []);
});

Deno.test("no pronoun in a story of one girl or one boy alone is of the other gender", () => {
  let seen = 0;
  for (const story of stories) {
    const paragraph = story.split("\n")[0];
    const child = /^There once was an? \w+ (girl|boy) called \w+\. (?:He|She) was/.exec(paragraph);
    if (child === null) continue;
    seen++;
    assertEquals(/\. (He|She) was/.exec(paragraph)![1], child[1] === "girl" ? "She" : "He", paragraph);
  }
  assert(seen > 20);
});

Deno.test("a size that is no size is refused", () => {
  for (const bytes of [0, -1, NaN]) assertThrows(() => storiesText({ bytes }), RangeError, `bytes is ${bytes}`);
  assertThrows(() => storiesText({ bytes: 1, chunkBytes: 0 }), RangeError, "chunkBytes is 0");
});
