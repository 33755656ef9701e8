import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { NpyWriter, openNpy, writeNpy } from "../../lib/data/npy.ts";
import type { NpyArray } from "../../lib/data/npy_header.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** A file as another program may write it: any version, dictionary and data. */
function npyBytes(dictionary: string, data: number[], version = 1): Uint8Array {
  const text = dictionary + "\n";
  const length = version === 1
    ? [text.length & 255, text.length >> 8]
    : [text.length & 255, text.length >> 8 & 255, text.length >> 16 & 255, text.length >> 24 & 255];
  return new Uint8Array([0x93, ...ascii("NUMPY"), version, 0, ...length, ...ascii(text), ...data]);
}

const ascii = (text: string) => [...text].map((character) => character.charCodeAt(0));
const dictionary = (descr: string, shape: string, order = "False") =>
  `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }`;

function readAll(path: string): NpyArray {
  using reader = openNpy(path);
  return reader.read(0, reader.length);
}

Deno.test("writeNpy() writes the bytes that numpy.save writes", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("ids.npy"), new Uint16Array([1, 513]));
  const bytes = Deno.readFileSync(folder.at("ids.npy"));
  const expected = [
    ...[0x93, ...ascii("NUMPY"), 1, 0, 118, 0],
    ...ascii("{'descr': '<u2', 'fortran_order': False, 'shape': (2,), }".padEnd(117) + "\n"),
    ...[1, 0, 1, 2],
  ];
  assertEquals([...bytes], expected);
});

Deno.test("every element type is read back as it was written", () => {
  using folder = new TemporaryFolder();
  const arrays: [string, NpyArray][] = [
    ["uint8", new Uint8Array([0, 255])],
    ["uint16", new Uint16Array([0, 65535])],
    ["uint32", new Uint32Array([0, 4294967295])],
    ["uint64", new BigUint64Array([0n, 2n ** 64n - 1n])],
    ["int8", new Int8Array([-128, 127])],
    ["int16", new Int16Array([-32768, 32767])],
    ["int32", new Int32Array([-2147483648, 2147483647])],
    ["int64", new BigInt64Array([-(2n ** 63n), 2n ** 63n - 1n])],
    ["float32", new Float32Array([-0, NaN, Infinity, 1e-45])],
    ["float64", new Float64Array([-0, NaN, -Infinity, 5e-324])],
  ];
  for (const [dtype, values] of arrays) {
    const path = folder.at(`${dtype}.npy`);
    writeNpy(path, values);
    using reader = openNpy(path);
    assertEquals(reader.dtype, dtype);
    assertEquals(reader.read(0, reader.length), values);
  }
});

Deno.test("a subarray is written from its own first element", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("a.npy"), new Uint32Array([9, 8, 7, 6]).subarray(1, 3));
  assertEquals(readAll(folder.at("a.npy")), new Uint32Array([8, 7]));
});

Deno.test("an empty array has a header and no data", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("a.npy"), new Uint16Array());
  assertEquals(Deno.statSync(folder.at("a.npy")).size, 128);
  assertEquals(readAll(folder.at("a.npy")), new Uint16Array());
});

Deno.test("NpyWriter gives the same bytes for any pieces", () => {
  using folder = new TemporaryFolder();
  const values = Uint16Array.from({ length: 1000 }, (_, i) => i * 31);
  writeNpy(folder.at("whole.npy"), values);
  {
    using writer = new NpyWriter(folder.at("pieces.npy"), "uint16");
    for (let start = 0; start < 1000; start += 37) writer.write(values.subarray(start, start + 37));
    writer.write(new Uint16Array());
    assertEquals(writer.length, 1000);
    writer.close();
  }
  assertEquals(Deno.readFileSync(folder.at("pieces.npy")), Deno.readFileSync(folder.at("whole.npy")));
});

Deno.test("a writer that is disposed of before close() leaves the old file and nothing else", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("a.npy"), new Uint8Array([1]));
  {
    using writer = new NpyWriter(folder.at("a.npy"), "uint8");
    writer.write(new Uint8Array([2, 3]));
  }
  assertEquals(readAll(folder.at("a.npy")), new Uint8Array([1]));
  assertEquals(folder.names(), ["a.npy"]);
});

Deno.test("values of another type than the file's are refused", () => {
  using folder = new TemporaryFolder();
  using writer = new NpyWriter(folder.at("a.npy"), "uint16");
  // @ts-expect-error The types refuse it too.
  assertThrows(() => writer.write(new Uint32Array([70000])), TypeError, "the values are uint32, the file uint16");
  // @ts-expect-error As above.
  assertThrows(() => writeNpy(folder.at("b.npy"), [1, 2]), TypeError, "the values are a Array");
});

Deno.test("read() and readInto() give any part of the file", () => {
  using folder = new TemporaryFolder();
  const values = Int32Array.from({ length: 100 }, (_, i) => i * i);
  writeNpy(folder.at("a.npy"), values);
  using reader = openNpy(folder.at("a.npy"));
  const target = new Int32Array(10);
  for (const start of [90, 0, 37]) {
    assertEquals(reader.read(start, 10), values.subarray(start, start + 10));
    reader.readInto(start, target);
    assertEquals(target, values.subarray(start, start + 10));
  }
  assertEquals(reader.read(100, 0), new Int32Array());
  assertThrows(() => reader.readInto(0, new Float32Array(1)), TypeError, "it holds int32, the target float32");
  for (const [start, count] of [[91, 10], [-1, 1], [0, -1], [0.5, 1], [0, NaN]]) {
    assertThrows(() => reader.read(start, count), RangeError, "it has 100");
  }
});

Deno.test("a file may be closed twice, and is refused by name when it is read or written after that", () => {
  using folder = new TemporaryFolder();
  const path = folder.at("a.npy");
  {
    using writer = new NpyWriter(path, "uint16");
    writer.write(new Uint16Array([1, 2]));
    writer.close();
    assertThrows(() => writer.write(new Uint16Array(1)), Error, `Cannot write ${path}: it was closed or discarded`);
    assertThrows(() => writer.close(), Error, `Cannot write ${path}: it was closed or discarded`);
  }
  {
    using reader = openNpy(path);
    reader.close();
    assertThrows(() => reader.read(0, 1), Error, `Cannot read ${path}: it was closed`);
  }
  assertEquals(readAll(path), new Uint16Array([1, 2]));
});

Deno.test("a file that shrinks after it was opened is an error, not zeros", () => {
  using folder = new TemporaryFolder();
  writeNpy(folder.at("a.npy"), new Uint16Array([1, 2, 3, 4]));
  using reader = openNpy(folder.at("a.npy"));
  Deno.truncateSync(folder.at("a.npy"), 128 + 5);
  assertThrows(() => reader.read(0, 4), Error, "it ends inside element 2 of 4");
});

Deno.test("headers of versions 2 and 3, of other key orders and of Python 2 are read", () => {
  using folder = new TemporaryFolder();
  const files = [
    npyBytes(dictionary("'<u2'", "(2,)"), [1, 0, 2, 0], 2),
    npyBytes(dictionary("'<u2'", "(2,)"), [1, 0, 2, 0], 3),
    npyBytes(`{"shape": (2,), "descr": "<u2", "fortran_order": False}`, [1, 0, 2, 0]),
    npyBytes(dictionary("'<u2'", "(2L,)", "True"), [1, 0, 2, 0]),
  ];
  for (const bytes of files) {
    Deno.writeFileSync(folder.at("a.npy"), bytes);
    assertEquals(readAll(folder.at("a.npy")), new Uint16Array([1, 2]));
  }
});

Deno.test("booleans are read as bytes", () => {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.at("a.npy"), npyBytes(dictionary("'|b1'", "(2,)"), [0, 1]));
  using reader = openNpy(folder.at("a.npy"));
  assertEquals([reader.dtype, reader.read(0, 2)], ["bool", new Uint8Array([0, 1])]);
});

const malformed: Record<string, [Uint8Array, RegExp]> = {
  "an empty file": [new Uint8Array(), /begins with "", not with the mark of a \.npy file/],
  "another format": [new TextEncoder().encode("PK\x03\x04 a zip file"), /begins with "PK.*not with the mark/],
  "a file cut inside the prefix": [npyBytes("", []).subarray(0, 9), /ends after 9 bytes, inside its header/],
  "a file cut inside the header": [npyBytes(dictionary("'<u2'", "(2,)"), []).subarray(0, 40), /ends inside its header/],
  "an unknown version": [npyBytes(dictionary("'<u2'", "(2,)"), [], 9), /version is 9\.0; versions 1\.0, 2\.0 and 3\.0/],
  "an absurd header length": [
    new Uint8Array([0x93, ...ascii("NUMPY"), 2, 0, 255, 255, 255, 255, 0, 0]),
    /claims 4294967307 bytes, more than the 10000/,
  ],
  "a big-endian file": [npyBytes(dictionary("'>u2'", "(2,)"), []), /big-endian \(>u2\); try .*astype\("<u2"\)/],
  "Python objects": [npyBytes(dictionary("'|O'", "(2,)"), []), /elements are Python objects/],
  "a structured type": [
    npyBytes(dictionary("[('a', '<u2'), ('b', '<f4')]", "(2,)"), []),
    /elements are of type \[\('a'/,
  ],
  "complex numbers": [npyBytes(dictionary("'<c16'", "(2,)"), []), /elements are of type <c16/],
  "16-bit elements without a byte order": [npyBytes(dictionary("'|u2'", "(2,)"), []), /elements are of type \|u2/],
  "two dimensions": [npyBytes(dictionary("'<u2'", "(2, 3)"), []), /shape is \(2, 3\); expected one dimension/],
  "two dimensions, Fortran order": [npyBytes(dictionary("'<u2'", "(2, 3)", "True"), []), /shape is \(2, 3\)/],
  "a single number": [npyBytes(dictionary("'<u2'", "()"), [1, 0]), /shape is \(\); expected one dimension/],
  "a shape beyond the file": [
    npyBytes(dictionary("'<u2'", "(3,)"), [1, 0, 2, 0]),
    /has 72 bytes, and its 3 elements of uint16 need 74; it was cut off/,
  ],
  "a shape past 2^53": [npyBytes(dictionary("'<u2'", "(99999999999999999999,)"), [1]), /it was cut off/],
  "a negative shape": [npyBytes(dictionary("'<u2'", "(-1,)"), []), /expected a dictionary/],
  "a missing key": [npyBytes("{'descr': '<u2', 'shape': (2,), }", []), /expected a dictionary/],
  "a key twice": [npyBytes(dictionary("'<u2', 'descr': '<u4'", "(2,)"), []), /expected a dictionary/],
  "an unknown key": [npyBytes(dictionary("'<u2', 'x': True", "(2,)"), []), /expected a dictionary/],
  "code instead of a dictionary": [npyBytes("__import__('os')", []), /expected a dictionary/],
};

for (const [what, [bytes, message]] of Object.entries(malformed)) {
  Deno.test(`openNpy() refuses ${what}`, () => {
    using folder = new TemporaryFolder();
    Deno.writeFileSync(folder.at("bad.npy"), bytes);
    const error = assertThrows(() => openNpy(folder.at("bad.npy")), Error);
    assertMatch(error.message, message);
    assertMatch(error.message, /bad\.npy/);
  });
}
