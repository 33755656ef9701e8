import { assertEquals, assertThrows } from "@std/assert";
import { ReadOnlyFolder } from "../../lib/dashboard/read_only_folder.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

Deno.test("no name leads out of a folder: neither '..', nor an absolute path, nor a link", () => {
  using outside = new TemporaryFolder();
  Deno.writeTextFileSync(outside.at("secret.txt"), "secret");
  Deno.mkdirSync(outside.at("runs/inner"), { recursive: true });
  Deno.symlinkSync(outside.at("secret.txt"), outside.at("runs/link.txt"));
  Deno.symlinkSync(outside.path, outside.at("runs/linked"));
  const folder = new ReadOnlyFolder(outside.at("runs"));
  for (
    const name of ["../secret.txt", "inner/../../secret.txt", outside.at("secret.txt"), "link.txt", "linked/secret.txt"]
  ) {
    assertEquals(folder.locate(name), undefined, name);
    assertEquals(folder.stat(name), undefined, name);
    assertThrows(() => folder.readText(name, 100), Deno.errors.NotFound, "Cannot read", name);
  }
});

Deno.test("a folder whose name begins like another's is not inside of it", () => {
  using top = new TemporaryFolder();
  for (const name of ["runs", "runs-private"]) Deno.mkdirSync(top.at(name));
  Deno.writeTextFileSync(top.at("runs-private/note.txt"), "private");
  assertEquals(new ReadOnlyFolder(top.at("runs")).locate("../runs-private/note.txt"), undefined);
});

Deno.test("folders are listed without hidden ones and links, a link to a file is no plain file", () => {
  using top = new TemporaryFolder();
  for (const name of ["b/deep", "a", ".git"]) Deno.mkdirSync(top.at(name), { recursive: true });
  Deno.writeTextFileSync(top.at("a/config.json"), "{}");
  Deno.symlinkSync(top.at("a/config.json"), top.at("b/config.json"));
  Deno.symlinkSync(top.at("a"), top.at("c"));
  const listed = [...new ReadOnlyFolder(top.path).folders()].map(({ name, files }) => [name, ...files]);
  assertEquals(listed, [[""], ["a", "config.json"], ["b"], ["b/deep"]]);
});

Deno.test("a folder that does not exist is empty", () => {
  const folder = new ReadOnlyFolder("/nowhere/at/all");
  assertEquals([...folder.folders()].map(({ files }) => files.size), [0]);
  assertEquals(folder.stat("config.json"), undefined);
});

Deno.test("no more of a file is read than asked for, and a pipe is not waited for", async () => {
  using top = new TemporaryFolder();
  Deno.writeTextFileSync(top.at("long.txt"), "0123456789");
  const folder = new ReadOnlyFolder(top.path);
  assertEquals(folder.readText("long.txt", 4), "0123");
  if (Deno.build.os === "windows") return;
  await new Deno.Command("mkfifo", { args: [top.at("pipe")] }).output();
  assertEquals(folder.open("pipe"), undefined);
});
