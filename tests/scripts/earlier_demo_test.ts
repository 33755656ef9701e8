import { assertEquals, assertThrows } from "@std/assert";
import { removeEarlierDemo } from "../../scripts/training/earlier_demo.ts";
import { writeRun } from "../dashboard/run_folder.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

function runOf(command: string | undefined, folder: string): void {
  writeRun(folder, { metrics: [] });
  Deno.mkdirSync(`${folder}/tokenizer`);
  const session = {
    started: "",
    step: 0,
    seconds: 0,
    device: "cpu",
    description: "",
    system: "",
    parameters: 1,
    command,
  };
  Deno.writeTextFileSync(`${folder}/sessions.jsonl`, JSON.stringify(session) + "\n");
}

Deno.test("an earlier demo is removed, and one that was stopped before training", () => {
  using top = new TemporaryFolder();
  runOf("deno task demo --steps 3", top.at("whole"));
  Deno.mkdirSync(top.at("stopped/tokenizer"), { recursive: true });
  for (const name of ["whole", "stopped", "none"]) removeEarlierDemo(top.at(name));
  assertEquals([...Deno.readDirSync(top.at("whole")), ...Deno.readDirSync(top.at("stopped"))], []);
});

Deno.test("what is left of a demo that was killed at any moment is one", () => {
  using top = new TemporaryFolder();
  writeRun(top.at("begun")); // and killed before it could note who began it
  runOf("deno task demo", top.at("writing"));
  Deno.writeTextFileSync(top.at("writing/report.html.77.0123abcd.tmp"), "");
  for (const name of ["begun", "writing"]) removeEarlierDemo(top.at(name));
  assertEquals([...Deno.readDirSync(top.at("begun")), ...Deno.readDirSync(top.at("writing"))], []);
});

Deno.test("a run of another task is no demo, and stays as it is", () => {
  using top = new TemporaryFolder();
  for (const [name, command] of [["mine", "deno task train --name mine"], ["unknown", undefined]] as const) {
    runOf(command, top.at(name));
    const before = Array.from(Deno.readDirSync(top.at(name)), (entry) => entry.name);
    assertThrows(
      () => removeEarlierDemo(top.at(name)),
      Error,
      `Cannot put the demo into ${top.at(name)}: what is there`,
    );
    assertEquals(Array.from(Deno.readDirSync(top.at(name)), (entry) => entry.name), before);
  }
});

Deno.test("a run that was imported is no demo", () => {
  using top = new TemporaryFolder();
  writeRun(top.at("imported"));
  Deno.writeTextFileSync(top.at("imported/checkpoints/step-00000000.safetensors"), "");
  assertThrows(() => removeEarlierDemo(top.at("imported")), Error, "(a run that was not trained here)");
});

Deno.test("a folder with anything else in it is no demo", () => {
  using top = new TemporaryFolder();
  Deno.mkdirSync(top.at("tokenizer"));
  Deno.writeTextFileSync(top.at("vocab.json"), "{}");
  assertThrows(() => removeEarlierDemo(top.path), Error, "(vocab.json)");
  assertEquals(top.names(), ["tokenizer", "vocab.json"]);
});
