import { assertEquals } from "@std/assert";
import { atomicFolder } from "../../lib/data/atomic_folder.ts";
import { AtomicFile, atomicWrite } from "../../lib/data/atomic_write.ts";
import { removeAbandoned } from "../../lib/data/temporary_neighbour.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

/** Has another process begin a file and a folder in `folder`, and kills it. */
async function killWriter(folder: string): Promise<void> {
  const lib = new URL("../../lib/data/", import.meta.url).href;
  const program = `
    import { AtomicFile } from "${lib}atomic_write.ts";
    import { atomicFolder } from "${lib}atomic_folder.ts";
    const file = new AtomicFile("${folder}/ids.npy");
    file.write(new Uint8Array(10));
    await atomicFolder("${folder}/model", (inside) => {
      Deno.writeTextFileSync(inside + "/config.json", "{}");
      console.log("ready");
      Deno.kill(Deno.pid, "SIGKILL");
    });`;
  const args = ["eval", "--no-lock", "--ext=ts", program];
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "piped" })
    .output();
  assertEquals([new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)], ["ready\n", ""]);
}

Deno.test({
  name: "what a killed process left under a temporary name is removed by whoever writes the same file or folder",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    using folder = new TemporaryFolder();
    await killWriter(folder.path);
    assertEquals(folder.names().map((name) => name.replace(/\d+\.[0-9a-f]{8}/, "*")), ["ids.npy.*.tmp", "model.*.tmp"]);
    await atomicWrite(folder.at("other"), "");
    assertEquals(folder.names().length, 3);
    await atomicWrite(folder.at("ids.npy"), "ids");
    await atomicFolder(folder.at("model"), (inside) => Deno.writeTextFileSync(`${inside}/config.json`, "{}"));
    assertEquals(folder.names(), ["ids.npy", "model", "other"]);
  },
});

Deno.test("what a process still writes under a temporary name stays, and comes to its name", async () => {
  using folder = new TemporaryFolder();
  {
    using first = new AtomicFile(folder.at("a"));
    using second = new AtomicFile(folder.at("a"));
    await atomicFolder(folder.at("b"), async (inside) => {
      removeAbandoned(folder.path);
      await atomicFolder(folder.at("b"), () => {});
      Deno.writeTextFileSync(`${inside}/c`, "");
    });
    for (const file of [second, first]) file.commit();
  }
  assertEquals(folder.names(), ["a", "b"]);
  assertEquals(Array.from(Deno.readDirSync(folder.at("b")), ({ name }) => name), ["c"]);
});

Deno.test("files of other names are nobody's leavings", () => {
  using folder = new TemporaryFolder();
  const names = ["a.7.0123abcd.tmp", "a.7.tmp", "a.tmp", "a.0123abcd.tmp", "b.7.tmp"];
  for (const name of names) Deno.writeTextFileSync(folder.at(name), "");
  new AtomicFile(folder.at("a"))[Symbol.dispose]();
  assertEquals(folder.names(), ["a.0123abcd.tmp", "a.tmp", "b.7.tmp"]);
});
