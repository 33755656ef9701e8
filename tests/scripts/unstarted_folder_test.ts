import { assertEquals, assertThrows } from "@std/assert";
import { unstartedFolder } from "../../scripts/training/unstarted_folder.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

Deno.test("a run's folder is prepared by one process at a time, and the other leaves it alone", () => {
  using top = new TemporaryFolder();
  const folder = top.at("runs/a");
  {
    using _first = unstartedFolder(folder);
    Deno.writeTextFileSync(`${folder}/tokens.npy`, "");
    assertThrows(() => unstartedFolder(folder), Error, `Cannot train in ${folder}: another process works on this run`);
    assertEquals(Deno.readTextFileSync(`${folder}/tokens.npy`), "");
  }
  assertEquals(top.names(), []);
});

Deno.test("a folder that was there before stays, and so does one in which a run has begun", () => {
  using top = new TemporaryFolder();
  Deno.mkdirSync(top.at("before"));
  {
    using _before = unstartedFolder(top.at("before"));
    using _begun = unstartedFolder(top.at("begun"));
    Deno.writeTextFileSync(top.at("begun/config.json"), "{}");
  }
  assertEquals(top.names(), ["before", "begun"]);
  assertEquals(Deno.readTextFileSync(top.at("begun/config.json")), "{}");
  using _again = unstartedFolder(top.at("begun"));
});
