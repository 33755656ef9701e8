import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AtomicFile, atomicWrite } from "../../lib/data/atomic_write.ts";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { fullDisk } from "./full_disk.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

Deno.test("atomicWrite() replaces a file by text, by bytes, and by what a function writes", async () => {
  using folder = new TemporaryFolder();
  const path = folder.at("a");
  await atomicWrite(path, "grüß");
  assertEquals(Deno.readTextFileSync(path), "grüß");
  await atomicWrite(path, new Uint8Array([1, 2]));
  assertEquals(Deno.readFileSync(path), new Uint8Array([1, 2]));
  await atomicWrite(path, async (file) => void await file.write(new Uint8Array([3])));
  assertEquals(Deno.readFileSync(path), new Uint8Array([3]));
  assertEquals(folder.names(), ["a"]);
});

Deno.test("atomicWrite() leaves the old file and nothing else when writing fails, as on a full disk", async () => {
  using folder = new TemporaryFolder();
  await atomicWrite(folder.at("a"), "old");
  const failing = (file: Deno.FsFile) => {
    file.writeSync(new Uint8Array([1, 2, 3]));
    throw new Error("No space left on device");
  };
  await assertRejects(() => atomicWrite(folder.at("a"), failing), Error, "No space left on device");
  assertEquals(Deno.readTextFileSync(folder.at("a")), "old");
  assertEquals(folder.names(), ["a"]);
});

Deno.test("a disk that is full is named with the file, whether it shows in writing or in syncing", () => {
  using folder = new TemporaryFolder();
  const path = folder.at("a");
  const write = () => {
    using file = new AtomicFile(path);
    file.write(new Uint8Array(100));
    file.commit();
  };
  for (const room of [0, 1, 99]) {
    using _full = fullDisk(room);
    assertThrows(write, DiskFullError, `Cannot write ${path}: no space is left on the disk; free some and try again`);
  }
  const { syncSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.syncSync = () => {
    throw Object.assign(new Error("Disk quota exceeded (os error 122)"), { code: "EDQUOT" });
  };
  try {
    assertThrows(write, DiskFullError, "no space is left on the disk");
  } finally {
    Deno.FsFile.prototype.syncSync = syncSync;
  }
  assertEquals(folder.names(), []);
});

Deno.test("AtomicFile refuses a folder by name before anything is written", () => {
  using folder = new TemporaryFolder();
  Deno.mkdirSync(folder.at("there"));
  assertThrows(() => new AtomicFile(folder.at("there")), Deno.errors.IsADirectory, folder.at("there: it is a folder"));
  assertThrows(() => new AtomicFile(folder.at("new/")), Deno.errors.IsADirectory, folder.at("new/: it is a folder"));
  assertEquals(Array.from(Deno.readDirSync(folder.path), ({ name }) => name), ["there"]);
});

Deno.test("a rename that fails removes the temporary file", () => {
  using folder = new TemporaryFolder();
  using output = new AtomicFile(folder.at("a"));
  Deno.mkdirSync(folder.at("a/b"), { recursive: true });
  assertThrows(() => output.commit());
  assertEquals(folder.names(), ["a"]);
});

Deno.test("a folder that does not exist is an error", async () => {
  using folder = new TemporaryFolder();
  await assertRejects(() => atomicWrite(folder.at("missing/a"), "x"), Deno.errors.NotFound);
});

Deno.test("AtomicFile shows nothing under its name before commit()", () => {
  using folder = new TemporaryFolder();
  using output = new AtomicFile(folder.at("a"));
  output.write(new Uint8Array([1]));
  assertThrows(() => Deno.statSync(folder.at("a")), Deno.errors.NotFound);
  output.commit();
  assertEquals(folder.names(), ["a"]);
  assertThrows(() => output.write(new Uint8Array([2])), Error, "it was closed or discarded before");
  assertThrows(() => output.commit(), Error, "it was closed or discarded before");
  assertEquals(Deno.readFileSync(folder.at("a")), new Uint8Array([1]));
});
