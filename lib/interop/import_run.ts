import { atomicFolder } from "../data/atomic_folder.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { saveWeights } from "../training/checkpoint.ts";
import { CheckpointFolder } from "../training/checkpoint_folder.ts";
import { ExperimentRecord } from "../training/experiment_record.ts";
import { parseTrainingConfig } from "../training/training_config.ts";
import type { ModelSource } from "./llama_checkpoint.ts";

/** The tokenizer of a model that is imported. */
export interface ImportedTokenizer {
  /** Goes into the run's folder. */
  tokenizer: Tokenizer;
  /** Its hash, by which the run knows it again. */
  hash: string;
}

/**
 * Makes a run of a model from elsewhere: config.json, a checkpoint of step 0 and the tokenizer, as training would have
 * left them. The folder appears when it is whole; one tensor at a time is in memory.
 *
 * @param folder The run's folder, such as "runs/imported".
 * @throws {RangeError} If the tokenizer has more tokens than the model.
 * @throws {Error} If the folder is there already and not empty.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readTrainingState } from "../training/checkpoint.ts";
 * import { openLlama } from "./llama_checkpoint.ts";
 * const runs = Deno.makeTempDirSync();
 * {
 *   using llama = openLlama(decodeURIComponent(new URL("../../tests/fixtures/llama/tied", import.meta.url).pathname));
 *   await importRun(`${runs}/tied`, llama);
 *   const state = readTrainingState(`${runs}/tied/checkpoints/step-00000000.safetensors`);
 *   assertEquals(state.config.model, llama.config);
 * }
 * Deno.removeSync(runs, { recursive: true });
 * ```
 */
export async function importRun(folder: string, source: ModelSource, imported?: ImportedTokenizer): Promise<void> {
  const { config: model, weights } = source;
  if (imported && imported.tokenizer.vocabSize > model.vocab_size) {
    throw new RangeError(
      `Cannot import the model with this tokenizer: it has ${imported.tokenizer.vocabSize} tokens, the model's ` +
        `vocab_size is ${model.vocab_size}; they are not of one model`,
    );
  }
  const config = parseTrainingConfig({ model, ...(imported && { tokenizer: `${folder}/tokenizer` }) });
  await atomicFolder(folder, async (inside) => {
    await imported?.tokenizer.save(`${inside}/tokenizer`, "huggingface");
    using record = ExperimentRecord.create(inside, config);
    const path = new CheckpointFolder(record.checkpointFolder).pathOf(0);
    saveWeights(path, weights, { config, tokenizer_sha256: imported?.hash });
  });
}
