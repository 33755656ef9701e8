import { z } from "zod";
import { atomicFolder, checkFree } from "../lib/data/atomic_folder.ts";
import { importRun } from "../lib/interop/import_run.ts";
import { isFile } from "../lib/data/is_file.ts";
import { openLlama, readTransformersTokenizer, type Tokenizer } from "../mod.ts";
import type { Report } from "./frame/report.ts";
import { runScript } from "./frame/run_script.ts";
import { runName } from "./training/run_name.ts";
import { tokenizerHash } from "./training/tokenizer_hash.ts";

const Options = z.object({
  from: z.string().describe("folder of the checkpoint: config.json, model.safetensors or its shards, tokenizer"),
  name: runName.default("imported").describe(
    "what to call it; it comes into runs/NAME",
  ),
  only: z.enum(["model", "tokenizer"]).optional().describe(
    "take only this; default: both, or what of them the folder has",
  ),
});

await runScript({
  name: "import",
  summary: "makes a run of a Llama checkpoint of Hugging Face transformers, or takes a tokenizer",
  options: Options,
  permissions: "import",
  positional: ["from"],
  details: [
    "Takes what save_pretrained() of transformers writes for LlamaForCausalLM: F32, F16 or BF16 (kept as F32), one file or " +
    "several, tied embeddings, grouped-query attention; tokenizer.json, or GPT-2's vocab.json and merges.txt.",
    "Downloads nothing.",
  ].join("\n"),
}, async ({ from, name, only }, report) => {
  const folder = `runs/${name}`;
  checkFree(folder);
  const hasModel = only !== "tokenizer" && isFile(`${from}/config.json`);
  const tokenizer = only === "model" ? undefined : await readTokenizer(from, hasModel);
  if (hasModel) await importModel(from, folder, tokenizer, report);
  else if (tokenizer) await importTokenizer(folder, tokenizer, report);
  else {
    const missing = only === "model" ? "no config.json" : "neither config.json nor tokenizer.json nor vocab.json";
    throw new Error(`Cannot import ${from}: it has ${missing}; give the folder that holds the checkpoint's files`);
  }
});

async function readTokenizer(from: string, hasModel: boolean): Promise<Tokenizer | undefined> {
  try {
    return await readTransformersTokenizer(from);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const hint = hasModel ? "\nTo take the model without its tokenizer: --only model" : "";
    throw new Error(error.message + hint, { cause: error });
  }
}

async function importModel(
  from: string,
  folder: string,
  tokenizer: Tokenizer | undefined,
  report: Report,
): Promise<void> {
  using llama = openLlama(from);
  const { config, endOfText } = llama;
  report.say(`Reading ${from} ...`);
  await importRun(folder, llama, tokenizer && { tokenizer, hash: await tokenizerHash(tokenizer) });
  report.result("run", folder);
  report.result("parameters", llama.parameters);
  for (const field of ["vocab_size", "context_length", "num_layers", "d_model", "num_heads", "num_kv_heads"] as const) {
    report.result(field, config[field]);
  }
  report.result("tied embeddings", config.tied_embeddings);
  if (!tokenizer) {
    report.note("there is no tokenizer with the model; deno task generate needs one: --tokenizer DIR");
    return;
  }
  reportTokenizer(`${folder}/tokenizer`, tokenizer, report);
  const end = [...tokenizer.model.specialTokens].find(([, id]) => endOfText.includes(id))?.[0];
  const stop = end === undefined || end === "<|endoftext|>" ? "" : ` --stop '${end}'`;
  report.say(`\nTo let it write: deno task generate 'Once upon a time' --run ${folder}${stop}`);
}

async function importTokenizer(folder: string, tokenizer: Tokenizer, report: Report): Promise<void> {
  await atomicFolder(folder, (inside) => tokenizer.save(inside, "huggingface"));
  reportTokenizer(folder, tokenizer, report);
  report.say(`\nTo use it: deno task encode corpus.txt --tokenizer ${folder} --out data/corpus.npy`);
}

function reportTokenizer(folder: string, { vocabSize, model }: Tokenizer, report: Report): void {
  report.result("tokenizer", folder);
  report.result("tokens", vocabSize);
  report.result("special tokens", [...model.specialTokens.keys()].join(" "));
}
