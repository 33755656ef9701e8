import { atomicFolder } from "../data/atomic_folder.ts";
import { atomicWrite } from "../data/atomic_write.ts";
import { type SafetensorsTensor, writeSafetensors } from "../data/safetensors.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { llamaConfigOf } from "./express_as_llama.ts";
import type { ModelSource } from "./llama_checkpoint.ts";
import { llamaTensors } from "./llama_tensors.ts";
import { halvesFromPairs } from "./rotary_rows.ts";
import { writeTransformersTokenizer } from "./transformers_tokenizer.ts";

/** How a model is written for transformers. */
export interface WriteLlamaOptions {
  /** Written beside the model if given. */
  tokenizer?: Tokenizer;
  /** Special token between texts, where the tokenizer has it; "<|endoftext|>" if left out. */
  endOfText?: string;
  /** How the weights are stored: as they are, or rounded to bfloat16. F32 if left out. */
  dtype?: "F32" | "BF16";
}

/**
 * Writes a model into a new folder so that transformers' `AutoModelForCausalLM` and `AutoTokenizer` load it from there:
 * config.json, generation_config.json, model.safetensors, tokenizer.json and tokenizer_config.json. Its logits are the
 * same there. The folder appears when it is whole; one tensor at a time is in memory.
 *
 * @throws {RangeError} If Llama has no such model, or the tokenizer has more tokens than the model; it says why.
 * @throws {Error} If the folder is there already and not empty.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { openLlama } from "./llama_checkpoint.ts";
 * const parent = Deno.makeTempDirSync();
 * {
 *   using llama = openLlama(decodeURIComponent(new URL("../../tests/fixtures/llama/untied", import.meta.url).pathname));
 *   await writeLlama(`${parent}/copy`, llama);
 *   using copy = openLlama(`${parent}/copy`);
 *   assertEquals(copy.state(), llama.state());
 * }
 * Deno.removeSync(parent, { recursive: true });
 * ```
 */
export async function writeLlama(
  folder: string,
  { config, weights }: ModelSource,
  { tokenizer, endOfText = "<|endoftext|>", dtype = "F32" }: WriteLlamaOptions = {},
): Promise<void> {
  const endId = tokenizer?.specialTokenToId(endOfText);
  const llama = llamaConfigOf(config, { endOfText: endId, dtype: dtype === "F32" ? "float32" : "bfloat16" });
  if (tokenizer && tokenizer.vocabSize > config.vocab_size) {
    throw new RangeError(
      `Cannot write the model with this tokenizer: it has ${tokenizer.vocabSize} tokens, the model's vocab_size is ` +
        `${config.vocab_size}; take the one that the model was trained with`,
    );
  }
  const tensors = Object.fromEntries(
    llamaTensors(config).map(({ ours, theirs, shape, rotaryHeads }): [string, SafetensorsTensor] => [theirs, {
      shape,
      dtype,
      values: () => rotaryHeads === undefined ? weights(ours) : halvesFromPairs(weights(ours), rotaryHeads, shape[1]),
    }]),
  );
  await atomicFolder(folder, async (inside) => {
    // transformers looks here for the framework that the file is for.
    writeSafetensors(`${inside}/model.safetensors`, tensors, { format: "pt" });
    const { bos_token_id, eos_token_id } = llama;
    await writeJson(`${inside}/generation_config.json`, { bos_token_id, eos_token_id });
    await writeJson(`${inside}/config.json`, llama);
    if (!tokenizer) return;
    await writeTransformersTokenizer(inside, tokenizer, {
      endOfText: endId === undefined ? undefined : endOfText,
      contextLength: config.context_length,
    });
  });
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await atomicWrite(path, `${JSON.stringify(value, undefined, 2)}\n`);
}
