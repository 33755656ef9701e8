import { assert, assertEquals, assertThrows } from "@std/assert";
import { readConfigFile } from "../../lib/training/config_file.ts";
import { parseTrainingConfig } from "../../lib/training/training_config.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const configs = new URL("../../configs/", import.meta.url);

Deno.test("every configuration that the project comes with is valid", () => {
  const names = Array.from(Deno.readDirSync(configs), ({ name }) => name);
  assert(names.length > 0);
  for (const name of names) parseTrainingConfig(readConfigFile(new URL(name, configs)), name);
});

Deno.test("the handout's settings train on 327,680,000 tokens", () => {
  for (const name of ["tinystories.jsonc", "openwebtext.jsonc"]) {
    const { batch_size, steps, model } = parseTrainingConfig(readConfigFile(new URL(name, configs)));
    assertEquals(batch_size * steps * model.context_length, 327_680_000);
  }
});

Deno.test("a configuration that is missing, or is not JSON, is named", () => {
  using folder = new TemporaryFolder();
  assertThrows(() => readConfigFile(folder.at("a.jsonc")), Error, "there is no such file; configs/ has examples");
  Deno.writeTextFileSync(folder.at("b.jsonc"), `{ "steps": }`);
  assertThrows(() => readConfigFile(folder.at("b.jsonc")), Error, "b.jsonc: it is not JSON with comments");
});

Deno.test("a configuration may have what editors on Windows write: a byte order mark, line ends of two characters", () => {
  using folder = new TemporaryFolder();
  const path = folder.at("a.jsonc");
  Deno.writeTextFileSync(path, '\uFEFF{\r\n  "steps": 3, // few\r\n  "seed": 1,\r\n}\r\n');
  assertEquals(readConfigFile(path), { steps: 3, seed: 1 });
});
