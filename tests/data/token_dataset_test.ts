import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { writeNpy } from "../../lib/data/npy.ts";
import { getBatch } from "../../lib/data/token_batch.ts";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { Random } from "../../lib/tensor/random.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

const count = (length: number) => Uint16Array.from({ length }, (_, i) => i);
const vocabSize = 65_536;

Deno.test("a batch has sequences of the data, and as targets what follows each token", () => {
  const data = TokenDataset.fromIds(count(1000), { vocabSize });
  const { inputs, targets } = data.sample(new Random(3), 5, 7);
  for (let row = 0; row < 5; row++) {
    const sequence = Array.from({ length: 8 }, (_, i) => inputs[row * 7] + i);
    assertEquals([...inputs.subarray(row * 7, row * 7 + 7)], sequence.slice(0, 7));
    assertEquals([...targets.subarray(row * 7, row * 7 + 7)], sequence.slice(1));
  }
});

Deno.test("file, memory and getBatch() give the same batches for the same random numbers", () => {
  using folder = new TemporaryFolder();
  const ids = count(5000);
  writeNpy(folder.at("2.npy"), ids);
  writeNpy(folder.at("4.npy"), new Uint32Array(ids));
  using short = TokenDataset.open(folder.at("2.npy"), { vocabSize });
  using wide = TokenDataset.open(folder.at("4.npy"), { vocabSize });
  const memory = [Uint32Array, Int32Array].map((Ids) => TokenDataset.fromIds(new Ids(ids), { vocabSize }));
  const expected = getBatch(ids, 16, 32, new Random(8));
  for (const data of [short, wide, ...memory]) {
    assertEquals(data.length, 5000);
    assertEquals(data.sample(new Random(8), 16, 32), expected);
  }
  assertEquals(getBatch(new Int32Array(ids), 16, 32, new Random(8)), expected);
});

Deno.test("the stream of random numbers alone decides what comes next", () => {
  const data = TokenDataset.fromIds(count(5000), { vocabSize });
  const random = new Random(1);
  data.sample(random, 4, 10);
  const state = random.state();
  const next = data.sample(random, 4, 10);
  assertEquals(data.sample(Random.fromState(state), 4, 10), next);
  assertNotEquals(data.sample(random, 4, 10), next);
});

Deno.test("every place is drawn, the first and the last too, about equally often", () => {
  const data = TokenDataset.fromIds(count(20), { vocabSize });
  const random = new Random(0);
  const seen = new Map<number, number>();
  for (let i = 0; i < 1000; i++) {
    const { inputs } = data.sample(random, 16, 10);
    for (let row = 0; row < 16; row++) seen.set(inputs[row * 10], (seen.get(inputs[row * 10]) ?? 0) + 1);
  }
  assertEquals([...seen.keys()].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  // 16,000 draws over 10 places: a deviation of 38 is one standard deviation.
  for (const times of seen.values()) assert(Math.abs(times - 1600) < 5 * 38, `${times}`);
});

Deno.test("windows go through the data once, in order, and leave out less than a sequence", () => {
  const data = TokenDataset.fromIds(count(33), { vocabSize });
  const batches = [...data.windows(Infinity, 3, 4)];
  assertEquals(batches.map(({ inputs }) => inputs.length), [12, 12, 8]);
  assertEquals(batches.flatMap(({ inputs }) => [...inputs]), Array.from({ length: 32 }, (_, i) => i));
  assertEquals(batches.flatMap(({ targets }) => [...targets]), Array.from({ length: 32 }, (_, i) => i + 1));
  assertEquals([...TokenDataset.fromIds(count(32), { vocabSize }).windows(9, 3, 4)].at(-1)!.inputs.length, 4);
});

Deno.test("windows() gives no more batches than asked for, the same each time", () => {
  const data = TokenDataset.fromIds(count(1000), { vocabSize });
  assertEquals([...data.windows(2, 3, 4)].length, 2);
  assertEquals([...data.windows(2, 3, 4)], [...data.windows(Infinity, 3, 4)].slice(0, 2));
});

Deno.test("data of just a sequence and one token will do, one less is an error", () => {
  const data = TokenDataset.fromIds(count(9), { vocabSize });
  assertEquals([...data.sample(new Random(0), 1, 8).targets], [1, 2, 3, 4, 5, 6, 7, 8]);
  const message = "the data have 9 tokens, a sequence of 9 and the token after it need 10";
  assertThrows(() => data.sample(new Random(0), 1, 9), RangeError, message);
  assertThrows(() => data.windows(1, 1, 9), RangeError, message);
  assertThrows(() => data.checkSequence(9), RangeError, message);
  assertThrows(() => getBatch(count(9), 1, 9, new Random(0)), RangeError, message);
  assertThrows(() => TokenDataset.fromIds(count(0), { vocabSize }).checkSequence(1), RangeError, "have 0 tokens");
});

Deno.test("sizes that are no sizes are refused", () => {
  const data = TokenDataset.fromIds(count(100), { vocabSize });
  for (const size of [0, -1, 1.5, NaN]) {
    assertThrows(() => data.sample(new Random(0), size, 8), RangeError, `batch_size is ${size}`);
    assertThrows(() => data.sample(new Random(0), 1, size), RangeError, `context_length is ${size}`);
    assertThrows(() => data.windows(1, size, 8), RangeError, `batch_size is ${size}`);
    assertThrows(() => data.windows(1, 1, size), RangeError, `context_length is ${size}`);
    assertThrows(() => TokenDataset.fromIds(count(3), { vocabSize: size }), RangeError, `vocab_size is ${size}`);
  }
  for (const size of [-1, 1.5, NaN]) {
    assertThrows(() => data.windows(size, 1, 8), RangeError, `their number is ${size}`);
  }
  assertEquals([...data.windows(0, 1, 8)], []);
  for (const size of [2 ** 28, 1e9]) { // at once, not after minutes of drawing places
    assertThrows(
      () => data.sample(new Random(0), size, 8),
      RangeError,
      `${size} sequences of 8 are ${8 * size} tokens`,
    );
  }
});

Deno.test("an id outside of the vocabulary is found when the data are opened, and named", () => {
  using folder = new TemporaryFolder();
  const ids = new Uint32Array(300_000);
  assertThrows(() => TokenDataset.fromIds(new Int32Array([1, -1]), { vocabSize: 50 }), RangeError, "token 1 is");
  for (const [place, id] of [[0, 50], [299_999, 51], [123_456, 4_294_967_295]]) {
    ids.fill(49);
    ids[place] = id;
    writeNpy(folder.at("ids.npy"), ids);
    const message = `token ${place} is ${id}, and the vocabulary has 50 entries`;
    assertThrows(() => TokenDataset.open(folder.at("ids.npy"), { vocabSize: 50 }), RangeError, message);
    assertThrows(() => TokenDataset.fromIds(ids, { vocabSize: 50 }), RangeError, message);
  }
});

Deno.test("in data too large to look at whole, such an id is found when it is used", () => {
  const ids = new Uint16Array(64 * 65_536 * 2);
  const place = 65_536 + 1000; // between the first and the second block
  ids[place] = 7;
  const data = TokenDataset.fromIds(ids, { vocabSize: 7 });
  data.readIds(0, new Int32Array(100));
  assertThrows(() => data.readIds(place - 10, new Int32Array(20)), RangeError, `token ${place} is 7`);
});

Deno.test("a file of anything but ids is refused, with what to do", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("f.npy"), new Float32Array(10));
  const message = "it holds float32; expected token ids as uint16 or uint32, try deno task encode";
  assertThrows(() => TokenDataset.open(folder.at("f.npy"), { vocabSize }), TypeError, message);
  Deno.writeTextFileSync(folder.at("t.npy"), "Once upon a time");
  assertThrows(() => TokenDataset.open(folder.at("t.npy"), { vocabSize }), Error, "not with the mark of a .npy file");
});

Deno.test("only what a batch needs is read: a file of 8 GB with holes opens and is sampled at once", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("ids.npy"), new Uint16Array());
  const length = 4_400_000_000; // more than 2^32
  {
    using file = Deno.openSync(folder.at("ids.npy"), { write: true });
    file.seekSync(10, Deno.SeekMode.Start);
    const header = `{'descr': '<u2', 'fortran_order': False, 'shape': (${length},), }`.padEnd(117) + "\n";
    file.writeSync(new TextEncoder().encode(header));
    file.truncateSync(128 + 2 * length);
    file.seekSync(128 + 2 * (length - 1), Deno.SeekMode.Start);
    file.writeSync(new Uint8Array([5, 0]));
  }
  using data = TokenDataset.open(folder.at("ids.npy"), { vocabSize: 6 });
  assertEquals(data.length, length);
  const target = new Int32Array(2);
  data.readIds(length - 2, target);
  assertEquals([...target], [0, 5]);
  assertEquals(data.sample(new Random(2), 8, 16).inputs.length, 128);
});
