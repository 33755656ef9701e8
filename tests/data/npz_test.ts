import { assertEquals, assertThrows } from "@std/assert";
import { readNpz } from "../../lib/data/npz.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

// What numpy 2.4.6 writes for x=numpy.arange(6, dtype="f4").reshape(2, 3), n=numpy.int64(-5): savez and
// savez_compressed.
const stored = Uint8Array.fromBase64(
  "UEsDBC0AAAAAAAAAIQBP6QAq//////////8FABQAeC5ucHkBABAAmAAAAAAAAACYAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxmNCcs" +
    "ICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgyLCAzKSwgfSAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg" +
    "ICAgICAgICAgICAgICAgICAgICAKAAAAAAAAgD8AAABAAABAQAAAgEAAAKBAUEsDBC0AAAAAAAAAIQC1vxmm//////////8FABQAbi5ucHkB" +
    "ABAAiAAAAAAAAACIAAAAAAAAAJNOVU1QWQEAdgB7J2Rlc2NyJzogJzxpOCcsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgp" +
    "LCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAK+/////////9QSwECLQMt" +
    "AAAAAAAAACEAT+kAKpgAAACYAAAABQAAAAAAAAAAAAAAgAEAAAAAeC5ucHlQSwECLQMtAAAAAAAAACEAtb8ZpogAAACIAAAABQAAAAAAAAAA" +
    "AAAAgAHPAAAAbi5ucHlQSwUGAAAAAAIAAgBmAAAAjgEAAAAA",
);
const compressed = Uint8Array.fromBase64(
  "UEsDBC0AAAAIAAAAIQBP6QAq//////////8FABQAeC5ucHkBABAAmAAAAAAAAABVAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqKu" +
    "o6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYwaLAHEg5ABMQNQLzAAQBQSwMELQAAAAgAAAAhALW/Gab/////" +
    "/////wUAFABuLm5weQEAEACIAAAAAAAAAEYAAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpNpoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4F" +
    "ihdnJBakAvkamjoKtQoUAa7f/yEAAFBLAQItAy0AAAAIAAAAIQBP6QAqVQAAAJgAAAAFAAAAAAAAAAAAAACAAQAAAAB4Lm5weVBLAQItAy0A" +
    "AAAIAAAAIQC1vxmmRgAAAIgAAAAFAAAAAAAAAAAAAACAAYwAAABuLm5weVBLBQYAAAAAAgACAGYAAAAJAQAAAAA=",
);

function read(bytes: Uint8Array) {
  using folder = new TemporaryFolder();
  Deno.writeFileSync(folder.at("a.npz"), bytes);
  return readNpz(folder.at("a.npz"));
}

/** A copy with some bytes replaced. */
function changed(bytes: Uint8Array, at: number, ...values: number[]): Uint8Array {
  const copy = bytes.slice();
  copy.set(values, at < 0 ? bytes.length + at : at);
  return copy;
}

/** Where text occurs in bytes. */
function indexOf(bytes: Uint8Array, text: string): number {
  return new TextDecoder("latin1").decode(bytes).indexOf(text);
}

for (const [how, bytes] of Object.entries({ stored, compressed })) {
  Deno.test(`readNpz() reads the ${how} arrays of numpy, of any number of dimensions`, () => {
    assertEquals([...read(bytes)], [
      ["x", { dtype: "float32", shape: [2, 3], values: new Float32Array([0, 1, 2, 3, 4, 5]) }],
      ["n", { dtype: "int64", shape: [], values: new BigInt64Array([-5n]) }],
    ]);
  });
}

Deno.test("a comment at the archive's end is passed over", () => {
  assertEquals(read(new Uint8Array([...changed(stored, -2, 3), 65, 66, 67])).size, 2);
});

const directory = indexOf(stored, "PK\x01\x02");
const malformed: Record<string, [Uint8Array, string]> = {
  "an empty file": [new Uint8Array(), "no end record"],
  "another format": [new TextEncoder().encode("\x93NUMPY and more than 22 bytes"), "no end record"],
  "an archive cut off at its start": [stored.subarray(50), "directory is broken"],
  "a directory past the end": [changed(stored, -6, 0xff, 0xff, 0xff, 0x7f), "cut off"],
  "a changed value": [changed(stored, indexOf(stored, "?\0\0\0@"), 0x41), "x.npy differs from its checksum"],
  "a broken compression": [changed(compressed, 60, 0xff, 0xff, 0xff), "x.npy differs from its checksum"],
  "a size that is not the content's": [
    changed(compressed, indexOf(compressed, "PK\x01\x02") + 24, 1),
    "differs from its",
  ],
  "an encrypted array": [changed(stored, directory + 8, 1), "x.npy is encrypted"],
  "an unknown compression": [changed(stored, directory + 10, 12), "x.npy is packed by method 12"],
  "an archive past 4 GiB": [changed(stored, directory + 20, 0xff, 0xff, 0xff, 0xff), "x.npy is past 4 GiB"],
  "an entry that points elsewhere": [changed(stored, directory + 42, 7), "x.npy is not where the directory says"],
  "an entry that points past the end": [changed(stored, directory + 42, 0, 0, 0, 0x7f), "cut off"],
};

for (const [what, [bytes, message]] of Object.entries(malformed)) {
  Deno.test(`readNpz() refuses ${what}`, () => {
    assertThrows(() => read(bytes), Error, message);
  });
}

Deno.test("every prefix of an archive is refused", () => {
  for (let length = 0; length < stored.length; length++) assertThrows(() => read(stored.subarray(0, length)), Error);
});
