import { assertEquals } from "@std/assert";
import { followRun, pathInRun } from "../../scripts/training/moved_run.ts";
import { Tokenizer } from "../../mod.ts";
import { tokenizerOf } from "../../scripts/training/open_run.ts";
import { writeTokenizer } from "../dashboard/run_folder.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { smallConfig } from "../training/small_run.ts";

Deno.test("what lay in a run's folder is found where the folder is now, and only if it is gone from where it was", () => {
  using top = new TemporaryFolder();
  for (const name of ["old", "new"]) Deno.mkdirSync(top.at(name));
  Deno.writeTextFileSync(top.at("new/train.npy"), "");
  const config = { data: top.at("old/train.npy"), validation_data: top.at("old/validation.npy"), steps: 3 };
  assertEquals(followRun(config, top.at("new")), { ...config, data: top.at("new/train.npy") });
  Deno.writeTextFileSync(top.at("old/train.npy"), "");
  assertEquals(pathInRun(config.data, top.at("new")), config.data);
  assertEquals(followRun(["no configuration"].join(), top.at("new")), "no configuration");
});

Deno.test("a run that was renamed writes with its tokenizer", async () => {
  using top = new TemporaryFolder();
  await writeTokenizer(top.at("new/tokenizer"));
  const config = smallConfig({ tokenizer: top.at("old/tokenizer") });
  const state = {
    version: 1,
    config,
    step: 0,
    tokens: 0,
    seconds: 0,
    random: [],
    data_tokens: 0,
    is_best: false,
  } as const;
  const found = await tokenizerOf(
    { ...state, random: [1, 2, 3, 4] },
    top.at("new/checkpoints/step-00000000.safetensors"),
  );
  assertEquals(found?.encode("the hat"), (await Tokenizer.load(top.at("new/tokenizer"))).encode("the hat"));
});
