import { z } from "zod";
import { openSafetensors } from "../lib/data/safetensors.ts";
import { readTrainingState } from "../lib/training/checkpoint.ts";
import { writeLlama } from "../mod.ts";
import { atMostOneOf } from "./frame/agreement.ts";
import { runScript } from "./frame/run_script.ts";
import { UsageError } from "./frame/usage_error.ts";
import { checkpointOf, tokenizerOf } from "./training/open_run.ts";

const Options = z.object({
  run: z.string().default("runs/train").describe("a run's folder, whose newest checkpoint is written"),
  best: z.boolean().default(false).describe("write the run's best checkpoint instead"),
  checkpoint: z.string().optional().describe("a checkpoint file, instead of --run"),
  tokenizer: z.string().optional().describe(
    "folder of the tokenizer; default: the one that the model was trained with",
  ),
  out: z.string().optional().describe("the folder to write; default: llama in the run's folder"),
  dtype: z.enum(["f32", "bf16"]).default("f32").describe("how to store the weights: as they are, or half as large"),
  endOfText: z.string().default("<|endoftext|>").describe("special token between texts"),
});

await runScript({
  name: "export",
  summary: "writes a trained model for Hugging Face transformers (LlamaForCausalLM, AutoTokenizer)",
  options: Options.superRefine(atMostOneOf("best", "checkpoint")),
  permissions: "export",
  positional: ["run"],
  details: "Example: deno task export runs/mine --out results/mine",
}, async ({ run, best, checkpoint, tokenizer: folder, out, dtype, endOfText }, report) => {
  const path = checkpoint ?? checkpointOf(run, best);
  const target = out ?? (checkpoint === undefined ? `${run}/llama` : undefined);
  if (target === undefined) throw new UsageError("Cannot write the model: --checkpoint names no run; give --out DIR");
  const state = readTrainingState(path);
  const tokenizer = await tokenizerOf(state, path, folder);
  using file = openSafetensors(path);
  const weights = (name: string) => file.read(name) as Float32Array;
  await writeLlama(target, { config: state.config.model, weights }, {
    tokenizer,
    endOfText,
    dtype: dtype === "f32" ? "F32" : "BF16",
  });
  report.result("checkpoint", path);
  report.result("written to", target);
  report.result("bytes of weights", Deno.statSync(`${target}/model.safetensors`).size);
  if (!tokenizer) report.note("the run names no tokenizer, so there is none with the model; --tokenizer DIR adds it");
  else if (tokenizer.specialTokenToId(endOfText) === undefined) {
    report.note(`the tokenizer has no special token ${endOfText}: transformers will not know where a text ends`);
  }
  report.say(`\nIn Python: AutoModelForCausalLM.from_pretrained(${JSON.stringify(target)})`);
});
