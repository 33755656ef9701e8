import { assertEquals, assertRejects } from "@std/assert";
import { openNpy } from "../../lib/data/npy.ts";
import { Random } from "../../lib/tensor/random.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { gzip } from "./gzip.ts";
import { randomText } from "./random_text.ts";
import { smallModel } from "./small_model.ts";

const { merges, vocabulary } = smallModel();
const SPECIALS = ["<|end of text|>", "<|end of text|><|end of text|>"];
const tokenizer = Tokenizer.fromModel({
  specialTokens: new Map(SPECIALS.map((token, index) => [token, vocabulary.length + index])),
  merges,
  vocabulary: [...vocabulary, ...SPECIALS.map((token) => new TextEncoder().encode(token))],
});

/** A few ranges of text with bad bytes, special tokens, and a run of letters longer than a range. */
const largeText = (() => {
  const random = new Random(1);
  const special = new TextEncoder().encode(SPECIALS[1] + SPECIALS[0]);
  const pieces = Array.from({ length: 40 }, () => randomText(random, 1000));
  const chosen: Uint8Array[] = [];
  for (let length = 0; length < 4_000_000; length += chosen.at(-2)!.length) {
    chosen.push(pieces[random.below(pieces.length)], special);
  }
  chosen.splice(chosen.length >> 1, 0, new Uint8Array(1_500_000).fill(0x61));
  return concatenate(chosen);
})();

function concatenate(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

Deno.test("encodeFile() writes the ids of the whole, however many workers encode", async () => {
  using folder = new TemporaryFolder();
  const bytes = largeText;
  await Deno.writeFile(folder.at("text"), bytes);
  const expected = new Uint16Array(tokenizer.encodeBytes(bytes));
  for (const workers of [1, 3]) {
    const done: number[] = [];
    const report = await tokenizer.encodeFile(folder.at("text"), folder.at("ids.npy"), {
      workers,
      onProgress: (progress) => done.push(progress.done),
    });
    assertEquals([report.bytes, report.tokens, report.dtype], [bytes.length, expected.length, "uint16"]);
    assertEquals(done, done.toSorted((a, b) => a - b));
    assertEquals(done.at(-1), bytes.length);
    using ids = openNpy(folder.at("ids.npy"));
    assertEquals(ids.read(0, ids.length), expected);
  }
});

Deno.test("encodeFile() starts no more workers than a file has ranges", async () => {
  using folder = new TemporaryFolder();
  await Deno.writeFile(folder.at("text"), largeText.subarray(0, 2 ** 21 + 1));
  const { workers } = await tokenizer.encodeFile(folder.at("text"), folder.at("ids.npy"), { workers: 8 });
  assertEquals(workers, 3);
});

Deno.test("encodeFile() encodes small and empty files without workers", async () => {
  using folder = new TemporaryFolder();
  for (const text of ["", "hello the<|end of text|>"]) {
    await Deno.writeTextFile(folder.at("text"), text);
    const report = await tokenizer.encodeFile(folder.at("text"), folder.at("ids.npy"));
    assertEquals(report.workers, 0);
    using ids = openNpy(folder.at("ids.npy"));
    assertEquals(ids.read(0, ids.length), new Uint16Array(tokenizer.encode(text)));
  }
});

Deno.test("encodeFile() unpacks a gzip file of several members, cut anywhere", async () => {
  using folder = new TemporaryFolder();
  const cut = 1_234_567;
  const members = [await gzip(largeText.subarray(0, cut)), await gzip(largeText.subarray(cut))];
  await Deno.writeFile(folder.at("text.gz"), concatenate(members));
  const report = await tokenizer.encodeFile(folder.at("text.gz"), folder.at("ids.npy"));
  const expected = new Uint16Array(tokenizer.encodeBytes(largeText));
  assertEquals([report.bytes, report.tokens, report.workers], [largeText.length, expected.length, 0]);
  using ids = openNpy(folder.at("ids.npy"));
  assertEquals(ids.read(0, ids.length), expected);
});

Deno.test("encodeFile() encodes a stream as the whole, cut anywhere, and leaves nothing where it is stopped", async () => {
  using folder = new TemporaryFolder();
  async function* pieces() {
    const random = new Random(7);
    for (let from = 0, to = 0; from < largeText.length; from = to) {
      to = from + random.below(100_000);
      yield largeText.subarray(from, to);
    }
  }
  const report = await tokenizer.encodeFile(pieces(), folder.at("ids.npy"));
  const expected = new Uint16Array(tokenizer.encodeBytes(largeText));
  assertEquals([report.bytes, report.tokens, report.workers], [largeText.length, expected.length, 0]);
  {
    using ids = openNpy(folder.at("ids.npy"));
    assertEquals(ids.read(0, ids.length), expected);
  }
  // What wrote to a pipe was stopped with us: its end is no end of the text.
  const stop = new AbortController();
  async function* stopped() {
    yield* pieces();
    setTimeout(() => stop.abort(new Error("stopped")));
  }
  await assertRejects(
    () => tokenizer.encodeFile(stopped(), folder.at("other.npy"), { signal: stop.signal }),
    Error,
    "stopped",
  );
  assertEquals(folder.names(), ["ids.npy"]);
});

Deno.test("encodeFile() leaves nothing behind when a gzip file is damaged, or encoding it is stopped", async () => {
  using folder = new TemporaryFolder();
  const packed = await gzip(largeText);
  await Deno.writeFile(folder.at("whole.gz"), packed);
  await Deno.writeFile(folder.at("cut.gz"), packed.subarray(0, -5));
  const stop = new AbortController();
  const onProgress = () => stop.abort(new Error("stopped"));
  await assertRejects(
    () => tokenizer.encodeFile(folder.at("whole.gz"), folder.at("ids.npy"), { signal: stop.signal, onProgress }),
    Error,
    "stopped",
  );
  await assertRejects(
    () => tokenizer.encodeFile(folder.at("cut.gz"), folder.at("ids.npy")),
    Error,
    "not a whole gzip file",
  );
  assertEquals(folder.names(), ["cut.gz", "whole.gz"]);
});

Deno.test("encodeFile() writes uint32 where the vocabulary needs it", async () => {
  using folder = new TemporaryFolder();
  const padding = Array.from(
    { length: 2 ** 16 - vocabulary.length },
    (_, index) => new TextEncoder().encode(`#${index}`),
  );
  const large = Tokenizer.fromModel({
    specialTokens: new Map([["<|x|>", 2 ** 16]]),
    merges,
    vocabulary: [...vocabulary, ...padding, new TextEncoder().encode("<|x|>")],
  });
  await Deno.writeTextFile(folder.at("text"), "hello<|x|>");
  assertEquals((await large.encodeFile(folder.at("text"), folder.at("ids.npy"))).dtype, "uint32");
  using ids = openNpy(folder.at("ids.npy"));
  assertEquals(ids.read(0, ids.length), new Uint32Array([259, 65536]));
});

Deno.test("encodeFile() leaves nothing behind when it is stopped or fails", async () => {
  using folder = new TemporaryFolder();
  await Deno.writeFile(folder.at("text"), largeText);
  const stop = new AbortController();
  const encode = (options: Parameters<Tokenizer["encodeFile"]>[2]) => () =>
    tokenizer.encodeFile(folder.at("text"), folder.at("ids.npy"), { workers: 2, ...options });
  await assertRejects(
    encode({ signal: stop.signal, onProgress: () => stop.abort(new Error("stopped")) }),
    Error,
    "stopped",
  );
  await assertRejects(encode({ signal: AbortSignal.abort(new Error("before")) }), Error, "before");
  const fail = () => {
    throw new Error("in the callback");
  };
  await assertRejects(encode({ onProgress: fail }), Error, "in the callback");
  const shrink = () => Deno.truncateSync(folder.at("text"), 1_000_000);
  await assertRejects(encode({ onProgress: shrink }), Error, "the file");
  assertEquals(folder.names(), ["text"]);
});

Deno.test("encodeFile() does not write over the text that it reads, under whatever name", async () => {
  using folder = new TemporaryFolder();
  const text = folder.at("text");
  Deno.writeTextFileSync(text, "low lower");
  Deno.linkSync(text, folder.at("link"));
  for (const output of [text, folder.at("link"), `${folder.at(".")}/text`]) {
    await assertRejects(() => tokenizer.encodeFile(text, output), RangeError, `Cannot encode ${text} into itself`);
  }
  assertEquals([Deno.readTextFileSync(text), folder.names().sort()], ["low lower", ["link", "text"]]);
});

Deno.test("encodeFile() refuses what it cannot encode", async () => {
  using folder = new TemporaryFolder();
  await assertRejects(() => tokenizer.encodeFile(folder.at("none"), folder.at("ids.npy")), Deno.errors.NotFound);
  await assertRejects(
    () => tokenizer.encodeFile(folder.path, folder.at("ids.npy")),
    Deno.errors.IsADirectory,
    `Cannot read ${folder.path}: it is a folder`,
  );
  await assertRejects(() => tokenizer.encodeFile("/dev/null", folder.at("ids.npy")), TypeError, "no regular file");
  await Deno.writeTextFile(folder.at("text"), "hello");
  for (const workers of [0, 1.5, NaN]) {
    await assertRejects(
      () => tokenizer.encodeFile(folder.at("text"), folder.at("ids.npy"), { workers }),
      RangeError,
      "expected a whole number",
    );
  }
});
