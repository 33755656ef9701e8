import { assertEquals, assertThrows } from "@std/assert";
import { AppendedFile } from "../../lib/data/appended_file.ts";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { fullDisk } from "./full_disk.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a piece is in the file whole or not at all, however much room there is for it", () => {
  using folder = new TemporaryFolder();
  using file = new AppendedFile(folder.at("lines"));
  file.append(bytes("one\n"));
  for (const room of [0, 1, 3]) {
    using _full = fullDisk(room);
    assertThrows(() => file.append(bytes("two\n")), DiskFullError, `Cannot write ${folder.at("lines")}`);
    assertEquals(Deno.readTextFileSync(folder.at("lines")), "one\n");
  }
  file.append(bytes("two\n"));
  file.sync();
  assertEquals(Deno.readTextFileSync(folder.at("lines")), "one\ntwo\n");
});

Deno.test("a file that is there is gone on with", () => {
  using folder = new TemporaryFolder();
  Deno.writeTextFileSync(folder.at("lines"), "one\n");
  using file = new AppendedFile(folder.at("lines"));
  file.append(bytes("two\n"));
  assertEquals(Deno.readTextFileSync(folder.at("lines")), "one\ntwo\n");
});
