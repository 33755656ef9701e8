import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { openSafetensors, writeSafetensors } from "../../lib/data/safetensors.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** A file with a header of any text and data of any bytes. */
function fileBytes(header: string | object, data: number[] = [], claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const length = new Uint8Array(new BigUint64Array([claimed ?? BigInt(json.length)]).buffer);
  return new Uint8Array([...length, ...json, ...data]);
}

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

/** What `read` gives for one tensor of a type whose bytes are given. */
function readOne(dtype: string, shape: number[], data: number[]) {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.at("f"), fileBytes({ x: { dtype, shape, data_offsets: [0, data.length] } }, data));
  using file = openSafetensors(folder.at("f"));
  return file.read("x");
}

Deno.test("a file is written with these very bytes", () => {
  using folder = new TemporaryFolder();
  const tensors = {
    "b": { shape: [2, 1], values: new Float32Array([1, -2]) },
    "a": { shape: [], values: new Float32Array([0.5]), dtype: "BF16" as const },
  };
  writeSafetensors(folder.at("f"), tensors, { step: "7", config: "{}" });
  const header = '{"__metadata__":{"config":"{}","step":"7"},' +
    '"b":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"a":{"dtype":"BF16","shape":[],"data_offsets":[8,10]}}';
  const expected = fileBytes(header.padEnd(Math.ceil(header.length / 8) * 8), [0, 0, 128, 63, 0, 0, 0, 192, 0, 63]);
  assertEquals(Deno.readFileSync(folder.at("f")), expected);
});

Deno.test("what is written is read back, large tensors, strange names and empty shapes too", () => {
  using folder = new TemporaryFolder();
  const large = Float32Array.from({ length: 700_001 }, (_, i) => Math.fround(Math.sin(i)));
  const tensors = {
    large: { shape: [700_001], values: large },
    '10 "quoted" \\ ü \u0000': { shape: [1, 1], values: new Float32Array([3]) },
    empty: { shape: [0, 4], values: new Float32Array() },
    "2": { shape: [2], values: () => new Float32Array([1, 2]) },
  };
  writeSafetensors(folder.at("f"), tensors);
  using file = openSafetensors(folder.at("f"));
  assertEquals(file.names, ['10 "quoted" \\ ü \u0000', "2", "empty", "large"]);
  assertEquals(file.metadata, {});
  for (const [name, { shape, values }] of Object.entries(tensors)) {
    assertEquals(file.shape(name), shape);
    assertEquals(file.read(name), typeof values === "function" ? values() : values);
  }
});

Deno.test("the order in which tensors and metadata are given does not change the bytes", () => {
  using folder = new TemporaryFolder();
  const [a, b] = [{ shape: [1], values: new Float32Array([1]) }, { shape: [1], values: new Float32Array([2]) }];
  writeSafetensors(folder.at("1"), { a, b }, { x: "1", y: "2" });
  writeSafetensors(folder.at("2"), { b, a }, { y: "2", x: "1" });
  assertEquals(Deno.readFileSync(folder.at("1")), Deno.readFileSync(folder.at("2")));
});

Deno.test("every type is read", () => {
  assertEquals(readOne("F32", [1], [0, 0, 128, 63]), new Float32Array([1]));
  assertEquals(readOne("F64", [1], [0, 0, 0, 0, 0, 0, 240, 63]), new Float64Array([1]));
  assertEquals(readOne("F16", [3], [0, 60, 1, 0, 0, 252]), new Float32Array([1, 2 ** -24, -Infinity]));
  assertEquals(readOne("BF16", [2], [128, 63, 192, 127]), new Float32Array([1, NaN]));
  assertEquals(readOne("I64", [1], [254, 255, 255, 255, 255, 255, 255, 255]), new BigInt64Array([-2n]));
  assertEquals(readOne("U64", [1], [1, 0, 0, 0, 0, 0, 0, 128]), new BigUint64Array([2n ** 63n + 1n]));
  assertEquals(readOne("I32", [1], [255, 255, 255, 255]), new Int32Array([-1]));
  assertEquals(readOne("U32", [1], [255, 255, 255, 255]), new Uint32Array([4294967295]));
  assertEquals(readOne("I16", [1], [255, 255]), new Int16Array([-1]));
  assertEquals(readOne("U16", [1], [255, 255]), new Uint16Array([65535]));
  assertEquals(readOne("I8", [1], [255]), new Int8Array([-1]));
  assertEquals(readOne("U8", [1], [255]), new Uint8Array([255]));
  assertEquals(readOne("BOOL", [2], [1, 0]), new Uint8Array([1, 0]));
});

Deno.test("readInto() fills shared memory from F32 and halves", () => {
  using folder = new TemporaryFolder();
  const values = Float32Array.from({ length: 600_000 }, (_, i) => i % 128);
  const tensors = { full: { shape: [600_000], values }, half: { shape: [600_000], values, dtype: "BF16" as const } };
  writeSafetensors(folder.at("f"), tensors);
  using file = openSafetensors(folder.at("f"));
  const target = new Float32Array(new SharedArrayBuffer(4 * 600_000));
  for (const name of ["full", "half"]) {
    target.fill(-1);
    file.readInto(name, target);
    assertEquals(new Float32Array(target), values);
  }
  assertThrows(() => file.readInto("full", new Float32Array(3)), RangeError, "shape is [600000]; expected 3 elements");
});

Deno.test("values in shared memory and in the middle of a buffer are written", () => {
  using folder = new TemporaryFolder();
  const shared = new Float32Array(new SharedArrayBuffer(32)).subarray(1, 3);
  shared.set([5, 6]);
  writeSafetensors(folder.at("f"), {
    x: { shape: [2], values: shared },
    y: { shape: [2], values: shared, dtype: "BF16" },
  });
  using file = openSafetensors(folder.at("f"));
  assertEquals([file.read("x"), file.read("y")], [new Float32Array([5, 6]), new Float32Array([5, 6])]);
});

Deno.test("a writing that fails leaves the old file and nothing else", () => {
  using folder = new TemporaryFolder();
  writeSafetensors(folder.at("f"), { x: { shape: [1], values: new Float32Array([1]) } });
  const before = Deno.readFileSync(folder.at("f"));
  const x = { shape: [1], values: new Float32Array([1]) };
  const y = { shape: [2, 2], values: new Float32Array(3) };
  assertThrows(() => writeSafetensors(folder.at("f"), { x, y }), RangeError, "has 3 values, and shape [2, 2] needs 4");
  assertThrows(() => writeSafetensors(folder.at("f"), { __metadata__: x }), RangeError, "names are unique");
  assertEquals(Deno.readFileSync(folder.at("f")), before);
  assertEquals(folder.names(), ["f"]);
});

Deno.test("what a reader would refuse is not written", () => {
  using folder = new TemporaryFolder();
  const refuses = (tensor: object, metadata: object, message: string) =>
    assertThrows(
      () => {
        const x = { shape: [2], values: new Float32Array(2), ...tensor };
        writeSafetensors(folder.at("f"), { x }, metadata as Record<string, string>);
      },
      Error,
      message,
    );
  refuses({ shape: [-2, -1] }, {}, "its shape is [-2, -1]; every size must be a whole number of at least 0");
  refuses({ shape: [0.5, 4] }, {}, "its shape is [0.5, 4]");
  refuses({ dtype: "F16" }, {}, "its type is F16; expected F32 or BF16");
  refuses({}, { step: 3 }, 'its metadata "step" is a number; give a text');
  assertEquals(folder.names(), []);
});

Deno.test("a file may be closed twice, and is refused by name when it is read after that", () => {
  using folder = new TemporaryFolder();
  writeSafetensors(folder.at("f"), { x: { shape: [2], values: new Float32Array(2) } });
  using file = openSafetensors(folder.at("f"));
  file.close();
  assertThrows(() => file.read("x"), Error, `Cannot read ${folder.at("f")}: it was closed`);
  assertThrows(() => file.readInto("x", new Float32Array(2)), Error, "it was closed");
  assertEquals(file.names, ["x"]);
});

Deno.test("a tensor that is not there, or no float, is refused by name", () => {
  using folder = new TemporaryFolder();
  const header = { ids: { dtype: "I32", shape: [1], data_offsets: [0, 4] } };
  Deno.writeFileSync(folder.at("f"), fileBytes(header, [1, 0, 0, 0]));
  using file = openSafetensors(folder.at("f"));
  assertEquals([file.has("ids"), file.has("id"), file.dtype("ids")], [true, false, "I32"]);
  assertThrows(() => file.read("id"), RangeError, 'Cannot read tensor "id"');
  assertThrows(() => file.readInto("ids", new Float32Array(1)), TypeError, "it is I32; expected F32, BF16 or F16");
});

Deno.test("a file cut off after it was opened is an error, not zeros", () => {
  using folder = new TemporaryFolder();
  writeSafetensors(folder.at("f"), { x: { shape: [4], values: new Float32Array(4) } });
  using file = openSafetensors(folder.at("f"));
  Deno.truncateSync(folder.at("f"), Deno.statSync(folder.at("f")).size - 1);
  assertThrows(() => file.read("x"), Error, "cut off after it was opened");
});

const malformed: Record<string, [Uint8Array, RegExp]> = {
  "an empty file": [new Uint8Array(), /has 0 bytes; a safetensors file has at least 8/],
  "a length beyond the file": [fileBytes("{}", [], 3n), /claims 3 bytes, the file has 10/],
  "an absurd length": [fileBytes("{}", [], 2n ** 63n), /claims 9223372036854775808 bytes/],
  "a header that is no object": [fileBytes("[1]"), /does not begin with a brace/],
  "an empty header": [fileBytes(""), /does not begin with a brace/],
  "a header that is no JSON": [fileBytes("{nonsense}"), /header is not JSON/],
  "a header that is no UTF-8": [new Uint8Array([3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d]), /header is not JSON/],
  "a name twice": [
    fileBytes(
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}',
      [1],
    ),
    /has the name "a" twice/,
  ],
  "a field twice": [
    fileBytes('{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}', [1]),
    /"dtype" twice/,
  ],
  "an unknown type": [
    fileBytes({ a: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, [1]),
    /tensor "a" is of type F8_E4M3; expected one of BOOL, U8/,
  ],
  "a missing field": [fileBytes({ a: { dtype: "U8", data_offsets: [0, 1] } }, [1]), /tensor "a" is described by/],
  "a field too many": [fileBytes({ a: { ...f32([1], 0, 4), stride: 1 } }, [0, 0, 0, 0]), /tensor "a" is described by/],
  "a negative dimension": [fileBytes({ a: f32([-1, -1], 0, 4) }, [0, 0, 0, 0]), /tensor "a" is described by/],
  "a fractional offset": [fileBytes({ a: f32([1], 0.5, 4.5) }, [0, 0, 0, 0]), /tensor "a" is described by/],
  "metadata that are not texts": [fileBytes({ __metadata__: { step: 3 } }), /metadata are not texts/],
  "bytes that do not fit the shape": [
    fileBytes({ a: f32([3], 0, 8) }, new Array(8).fill(0)),
    /tensor "a" has 8 bytes, and F32 of shape \[3\] needs 12/,
  ],
  "a shape past 2^64": [fileBytes({ a: f32([2 ** 40, 2 ** 40], 0, 0) }), /needs 4\.83\d*e\+24/],
  "offsets that run backwards": [fileBytes({ a: f32([1], 4, 0) }, [0, 0, 0, 0]), /has -4 bytes/],
  "an overlap": [
    fileBytes({ a: f32([2], 0, 8), b: f32([1], 4, 8) }, new Array(8).fill(0)),
    /tensor "b" overlaps another/,
  ],
  "the same bytes for two tensors": [fileBytes({ a: f32([1], 0, 4), b: f32([1], 0, 4) }, [0, 0, 0, 0]), /overlaps/],
  "a gap before the first tensor": [
    fileBytes({ a: f32([1], 4, 8) }, new Array(8).fill(0)),
    /4 bytes of no tensor before/,
  ],
  "a gap between tensors": [
    fileBytes({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, new Array(12).fill(0)),
    /4 bytes of no tensor before tensor "b"/,
  ],
  "bytes at the end": [fileBytes({ a: f32([1], 0, 4) }, new Array(6).fill(0)), /2 bytes of no tensor at its end/],
  "data that were cut off": [fileBytes({ a: f32([2], 0, 8) }, new Array(5).fill(0)), /need 3 bytes more than it has/],
};

for (const [what, [bytes, message]] of Object.entries(malformed)) {
  Deno.test(`openSafetensors() refuses ${what}`, () => {
    using folder = new TemporaryFolder();
    Deno.writeFileSync(folder.at("bad"), bytes);
    const error = assertThrows(() => openSafetensors(folder.at("bad")), Error);
    assertMatch(error.message, message);
    assertMatch(error.message, /bad/);
  });
}

Deno.test("braces, colons and quotes inside of names do not look like names given twice", () => {
  using folder = new TemporaryFolder();
  const names = ['a":', '{"a":', "}", '\\"', "dtype"];
  const tensors = Object.fromEntries(names.map((name) => [name, { shape: [1], values: new Float32Array(1) }]));
  writeSafetensors(folder.at("f"), tensors, { dtype: '"a":"a":' });
  using file = openSafetensors(folder.at("f"));
  assertEquals(file.names, names.toSorted());
});

Deno.test("metadata of many megabytes are read", () => {
  using folder = new TemporaryFolder();
  const text = "x".repeat(20_000_000);
  writeSafetensors(folder.at("f"), {}, { text });
  using file = openSafetensors(folder.at("f"));
  assert(file.metadata.text === text);
});
