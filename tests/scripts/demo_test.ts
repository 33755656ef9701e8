import { assertEquals, assertStringIncludes } from "@std/assert";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

Deno.test("what the demo leaves is a run that generate lets write", async () => {
  using folder = new TemporaryFolder();
  const run = async (script: string, ...words: string[]) => {
    const args = ["run", "-q", "-A", `--config=${root}deno.json`, `${root}scripts/${script}.ts`, ...words];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: folder.path }).output();
    const [said, complaint] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    assertEquals(code, 0, complaint);
    return said;
  };
  const out = folder.at("runs/small");
  const said = await run(
    "demo",
    "--bytes",
    "1e5",
    "--vocab-size",
    "300",
    "--steps",
    "2",
    "--threads",
    "1",
    "--out",
    out,
  );
  assertStringIncludes(said, `deno task generate 'Once upon a time' --run ${out}`);
  const text = await run("generate", "Once upon a time", "--run", out, "--device", "cpu", "--max-new-tokens", "5");
  assertStringIncludes(text, "Once upon a time");
});
