import { assert, assertEquals, assertRejects } from "@std/assert";
import type { BpeModel } from "../../lib/tokenizer/bpe_model.ts";
import { trainBpe, type TrainBpeOptions } from "../../lib/tokenizer/train_bpe.ts";
import { Random } from "../../lib/tensor/random.ts";
import { gzip } from "./gzip.ts";
import { naiveMerges } from "./naive_trainer.ts";
import { randomText } from "./random_text.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Large enough that counting starts Workers. */
const MANY_BYTES = 12 << 20;

function hexMerges(model: BpeModel): string[] {
  return model.merges.map(([left, right]) => `${left.toHex()} ${right.toHex()}`);
}

function inFolder(use: (folder: string) => Promise<void>): () => Promise<void> {
  return async () => {
    const folder = await Deno.makeTempDir();
    try {
      await use(folder);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  };
}

/** Stories of invented words, separated by special tokens with a space inside, in a few long lines. */
function largeText(seed: number, bytes: number): Uint8Array<ArrayBuffer> {
  const random = new Random(seed);
  const words = Array.from({ length: 3000 }, () => {
    const letters = Array.from({ length: 1 + random.below(9) }, () => "etaoinshrdlu"[random.below(12)]).join("");
    return ["", " ", " ", " ", "\n", "  "][random.below(6)] + letters +
      ["", "", "'s", ".", " 12", "é，"][random.below(6)];
  });
  let story = "";
  while (story.length < 1 << 18) story += words[Math.floor(3000 * random.uniform() ** 3)];
  const repeated = encoder.encode(story + "<|end of text|>");
  const text = new Uint8Array(bytes);
  for (let from = 0; from < bytes; from += repeated.length) text.set(repeated.subarray(0, bytes - from), from);
  return text;
}

async function* piecesOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

Deno.test("trainBpe() numbers special tokens first, then the bytes, then the merges of the handout's example", async () => {
  const words = { low: 5, lower: 2, widest: 3, newest: 6 };
  const text = Object.entries(words).flatMap(([word, count]) => Array(count).fill(word)).join("<|x|>");
  const { model, report } = await trainBpe({
    input: [text].values(),
    vocabSize: 2 + 256 + 6,
    specialTokens: ["<|x|>", "<|y|>"],
  });
  assertEquals([...model.specialTokens], [["<|x|>", 0], ["<|y|>", 1]]);
  assertEquals(decoder.decode(model.vocabulary[1]), "<|y|>");
  assertEquals(model.vocabulary.slice(2, 258).map(([byte]) => byte), [...Array(256).keys()]);
  assertEquals(model.vocabulary.slice(258).map((bytes) => decoder.decode(bytes)), [
    "st",
    "est",
    "ow",
    "low",
    "west",
    "ne",
  ]);
  assertEquals(model.merges.length, 6);
  assertEquals([report.pretokens, report.distinctPretokens, report.bytes], [16, 4, text.length]);
  assertEquals([report.mergesDone, report.ranOutOfPairs], [6, false]);
});

Deno.test("trainBpe() learns what the naive trainer learns, from a text in pieces cut anywhere", async () => {
  const random = new Random(12);
  for (let round = 0; round < 60; round++) {
    const bytes = randomText(random, 1 + random.below(80));
    const specialTokens = [[], ["the"], ["the", " the", "the the"], ["\n", "é"]][round % 4];
    const input = piecesOf(bytes, 1 + random.below(7));
    const { model } = await trainBpe({ input, vocabSize: 256 + specialTokens.length + 30, specialTokens, workers: 1 });
    assertEquals(hexMerges(model), naiveMerges(bytes, specialTokens, 30), bytes.toHex());
  }
});

Deno.test("trainBpe() takes strings whose surrogate pairs are cut, and U+FFFD for a surrogate left alone", async () => {
  const input = ["a\ud83d", "\ude00\ud83d", "", "b\ud83d"].values();
  const { model, report } = await trainBpe({ input, vocabSize: 300 });
  assertEquals(report.bytes, encoder.encode("a😀\ufffdb\ufffd").length);
  assert(hexMerges(model).includes("f09f98 80") || hexMerges(model).includes("f09f 9880"));
});

Deno.test(
  "trainBpe() learns the same from a file, a gzip file and a stream with any number of workers",
  inFolder(async (folder) => {
    const text = largeText(13, MANY_BYTES);
    await Deno.writeFile(`${folder}/text`, text);
    await Deno.writeFile(`${folder}/text.gz`, await gzip(text));
    const common = { vocabSize: 600, specialTokens: ["<|end of text|>", "of"] };
    const train = async (options: Pick<TrainBpeOptions, "input" | "workers">) => {
      const { model, report } = await trainBpe({ ...common, ...options });
      return { model, bytes: report.bytes, pretokens: report.pretokens, distinct: report.distinctPretokens };
    };
    const expected = await train({ input: `${folder}/text`, workers: 1 });
    assertEquals(expected.bytes, MANY_BYTES);
    assertEquals(await train({ input: `${folder}/text`, workers: 2 }), expected);
    assertEquals(await train({ input: [`${folder}/text`], workers: 3 }), expected);
    assertEquals(await train({ input: `${folder}/text.gz`, workers: 2 }), expected);
    const members = [await gzip(text.subarray(0, 4_444_444)), await gzip(text.subarray(4_444_444))];
    await Deno.writeFile(`${folder}/members.gz`, ReadableStream.from(members));
    assertEquals(await train({ input: `${folder}/members.gz`, workers: 2 }), expected);
    assertEquals(await train({ input: piecesOf(text, 99_991), workers: 2 }), expected);
    assertEquals(await train({ input: ReadableStream.from(piecesOf(text, 1 << 22)), workers: 2 }), expected);
  }),
);

Deno.test(
  "trainBpe() shares out a file without special tokens and of one line, and one that is a single pre-token",
  inFolder(async (folder) => {
    const line = largeText(14, MANY_BYTES).map((byte) => byte === 0x0a ? 0x20 : byte);
    await Deno.writeFile(`${folder}/line`, line);
    const one = await trainBpe({ input: `${folder}/line`, vocabSize: 400, workers: 1 });
    const two = await trainBpe({ input: `${folder}/line`, vocabSize: 400, workers: 2 });
    assertEquals(two.model, one.model);

    await Deno.writeFile(`${folder}/pretoken`, new Uint8Array(MANY_BYTES).fill(0x61));
    const { model, report } = await trainBpe({ input: `${folder}/pretoken`, vocabSize: 300, workers: 2 });
    assertEquals([report.pretokens, report.distinctPretokens], [1, 1]);
    // Runs halve until what is left of 12 x 2^20 is three symbols of 2^22.
    assertEquals(model.vocabulary.at(-1)!.length, MANY_BYTES);
    assertEquals(report.ranOutOfPairs, true);
  }),
);

Deno.test(
  "trainBpe() takes several files as several texts",
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, "ab");
    await Deno.writeTextFile(`${folder}/b`, "cd");
    const { model } = await trainBpe({ input: [`${folder}/a`, `${folder}/b`], vocabSize: 300 });
    assertEquals(hexMerges(model), ["63 64", "61 62"]);
  }),
);

Deno.test("trainBpe() makes the bytes alone of an empty text, and stops when no pair is left", async () => {
  const empty = await trainBpe({ input: [].values(), vocabSize: 1000 });
  assertEquals([empty.model.vocabulary.length, empty.report.ranOutOfPairs], [256, true]);
  const few = await trainBpe({ input: ["abc"].values(), vocabSize: 1000 });
  assertEquals([few.model.vocabulary.length, few.report.ranOutOfPairs], [258, true]);
});

Deno.test("trainBpe() splits CRLF as the pattern does", async () => {
  const { report } = await trainBpe({ input: ["one\r\ntwo\r\n\r\nthree\r\n"].values(), vocabSize: 256 });
  // one | \r | \n | two | \r\n\r | \n | three | \r\n
  assertEquals([report.pretokens, report.distinctPretokens], [8, 7]);
});

Deno.test("trainBpe() refuses options that make no sense and says what would", async () => {
  const input = "unused";
  const cases: [Partial<TrainBpeOptions>, string][] = [
    [
      { vocabSize: 256, specialTokens: ["<|x|>"] },
      "Cannot train a vocabulary of 256: expected an integer of at least 257, for 256 bytes and 1 special",
    ],
    [{ vocabSize: 300.5 }, "a vocabulary of 300.5: expected an integer"],
    [{ workers: 0 }, "workers is 0; it must be an integer of at least 1"],
    [{ input: [] }, "input has no path"],
    [{ specialTokens: ["a", "a"] }, "given twice"],
  ];
  for (const [options, message] of cases) {
    await assertRejects(() => trainBpe({ input, vocabSize: 300, ...options }), RangeError, message);
  }
});

Deno.test(
  "trainBpe() fails and ends its workers when a file is missing, damaged, changed or gone",
  inFolder(async (folder) => {
    const path = `${folder}/text`;
    const text = largeText(15, MANY_BYTES);
    const train = (onProgress?: () => void) =>
      trainBpe({ input: path, vocabSize: 300, workers: 2, ...(onProgress && { onProgress }) });
    await assertRejects(() => train(), Deno.errors.NotFound, path);

    await Deno.writeFile(path, text);
    await assertRejects(() => train(once(() => Deno.truncateSync(path, 1 << 20))), Error, "leave the file as it is");
    await Deno.writeFile(path, text);
    const append = () => Deno.writeFileSync(path, encoder.encode("more"), { append: true });
    await assertRejects(() => train(once(append)), Error, "it changed while it was read");
    await Deno.writeFile(path, text);
    await assertRejects(() => train(once(() => Deno.removeSync(path))), Error, "it");

    const damaged = (await gzip(text)).subarray(0, 5000);
    await Deno.writeFile(`${path}.gz`, damaged);
    await assertRejects(() => trainBpe({ input: `${path}.gz`, vocabSize: 300 }), Error, "not a whole gzip file");
  }),
);

Deno.test(
  "trainBpe() stops when its signal says so, before it begins and while it counts",
  inFolder(async (folder) => {
    const path = `${folder}/text`;
    await Deno.writeFile(path, largeText(16, MANY_BYTES));
    const reason = new Error("enough");
    const early = trainBpe({ input: path, vocabSize: 300, signal: AbortSignal.abort(reason) });
    await assertRejects(() => early, Error, "enough");
    for (const workers of [1, 2]) {
      const controller = new AbortController();
      const onProgress = () => controller.abort(reason);
      const training = trainBpe({ input: path, vocabSize: 300, workers, signal: controller.signal, onProgress });
      await assertRejects(() => training, Error, "enough");
    }
  }),
);

Deno.test("trainBpe() stops when its signal says so while it merges", async () => {
  const random = new Random(19);
  const letters = () => Array.from({ length: 8 }, () => String.fromCharCode(97 + random.below(26))).join("");
  const words = Array.from({ length: 150_000 }, letters).join(" ");
  const controller = new AbortController();
  const merged: number[] = [];
  const onProgress: TrainBpeOptions["onProgress"] = ({ phase, done }) => {
    if (phase !== "merging pairs") return;
    merged.push(done);
    controller.abort(new Error("enough"));
  };
  const training = trainBpe({ input: [words].values(), vocabSize: 100_000, signal: controller.signal, onProgress });
  await assertRejects(() => training, Error, "enough");
  assertEquals(merged.length, 1);
  assert(merged[0] < 100_000 - 256, `${merged[0]} merges were done before the first turn`);
});

Deno.test("trainBpe() reports progress that ends at the whole", async () => {
  const seen: string[] = [];
  await trainBpe({
    input: ["low lower lowest"].values(),
    vocabSize: 260,
    onProgress: ({ phase, done, total, unit }) => seen.push(`${phase}: ${done} of ${total} ${unit}`),
  });
  assertEquals(seen, ["counting pre-tokens: 16 of undefined bytes", "merging pairs: 4 of 4 merges"]);
});

/** Does something the first time it is called. */
function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}
