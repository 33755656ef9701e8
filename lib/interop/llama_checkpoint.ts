import type { ModelConfig } from "../model/config_fields.ts";
import { elements } from "../tensor/tensor.ts";
import { readLlamaConfig } from "./llama_config.ts";
import { llamaTensors } from "./llama_tensors.ts";
import { pairsFromHalves } from "./rotary_rows.ts";
import { WeightFiles } from "./weight_files.ts";

/** A model's configuration and weights, wherever they come from. */
export interface ModelSource {
  /** The configuration. */
  config: ModelConfig;
  /** Fetches the weights of a name of the state dict, such as "layers.0.attn.q_proj.weight". */
  weights(name: string): Float32Array;
}

/** A Llama checkpoint in our names and order of rows; it holds files open until it is disposed of. */
export interface LlamaCheckpoint extends ModelSource, Disposable {
  /** Number of parameters. */
  parameters: number;
  /** Ids that end a text. */
  endOfText: number[];
  /** All weights by name, for `new TransformerLM(device, config, { state })`. */
  state(): Map<string, Float32Array>;
}

// In every layer of checkpoints saved by old versions of transformers; computed from the configuration since.
const DERIVED = /\.self_attn\.rotary_emb\.inv_freq$/;

/**
 * Opens a Llama checkpoint as transformers saves it (LlamaForCausalLM): config.json and model.safetensors, or several
 * files with model.safetensors.index.json, in F32, F16 or BF16. Tied embeddings and grouped-query attention are taken
 * as they are; the rows of q_proj and k_proj are put into the order of interleaved pairs. Everything is checked here,
 * by names, shapes and types; weights are read later.
 *
 * @param folder Where these files are.
 * @throws {Error} If the model computes something that ours does not, or tensors are missing, too many, or of another
 * shape or type; each is named.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = decodeURIComponent(new URL("../../tests/fixtures/llama/grouped_query", import.meta.url).pathname);
 * using llama = openLlama(folder);
 * assertEquals([llama.config.num_heads, llama.config.num_kv_heads], [4, 2]);
 * assertEquals(llama.weights("layers.0.attn.k_proj.weight").length, 12 * 24);
 * ```
 */
export function openLlama(folder: string): LlamaCheckpoint {
  const { model: config, endOfText } = readLlamaConfig(`${folder}/config.json`);
  const tensors = new Map(llamaTensors(config).map((tensor) => [tensor.ours, tensor]));
  using opening = new DisposableStack();
  const files = opening.use(WeightFiles.open(folder));
  checkTensors(files, config);
  const open = opening.move();
  const weights = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor === undefined) {
      throw new RangeError(
        `Cannot read the weights ${name} of ${folder}: the model has no such name; ` +
          `they begin with ${[...tensors.keys()].slice(0, 3).join(", ")}`,
      );
    }
    const { theirs, shape, rotaryHeads } = tensor;
    const values = files.read(theirs);
    return rotaryHeads === undefined ? values : pairsFromHalves(values, rotaryHeads, shape[1]);
  };
  return {
    config,
    parameters: tensors.values().reduce((sum, { shape }) => sum + elements(shape), 0),
    endOfText,
    weights,
    state: () => new Map([...tensors.keys()].map((name) => [name, weights(name)])),
    [Symbol.dispose]: () => open.dispose(),
  };
}

function checkTensors(files: WeightFiles, config: ModelConfig): void {
  const expected = new Map(llamaTensors(config).map(({ theirs, shape }) => [theirs, shape.join(", ")]));
  const problems = [
    ...[...expected.keys()].filter((name) => !files.has(name)).map((name) => `${name} is missing`),
    ...files.names.filter((name) => !expected.has(name) && !DERIVED.test(name) && !isHeadAgain(name, files, config))
      .map(
        (name) => `${name} is not in a Llama model of this configuration`,
      ),
    ...[...expected].filter(([name]) => files.has(name)).flatMap(([name, wanted]) => {
      const shape = files.shape(name).join(", ");
      if (shape !== wanted) return [`${name} is [${shape}], the configuration makes it [${wanted}]`];
      const dtype = files.dtype(name);
      return ["F32", "F16", "BF16"].includes(dtype) ? [] : [`${name} is ${dtype}; expected F32, F16 or BF16`];
    }),
  ];
  if (problems.length === 0) return;
  throw new Error(
    `Cannot read the weights in ${files.folder}: ${problems.slice(0, 5).join("; ")}` +
      (problems.length > 5 ? `; and ${problems.length - 5} more` : ""),
  );
}

// With tied embeddings some files hold the head as well; transformers ties the two only if they are the same.
function isHeadAgain(name: string, files: WeightFiles, { tied_embeddings }: ModelConfig): boolean {
  if (!tied_embeddings || name !== "lm_head.weight") return false;
  const [head, embedding] = [name, "model.embed_tokens.weight"].map((tensor) =>
    files.has(tensor) && files.read(tensor)
  );
  if (!head || !embedding || (head.length === embedding.length && head.every((value, i) => value === embedding[i]))) {
    return true;
  }
  throw new Error(
    `Cannot read the weights in ${files.folder}: tie_word_embeddings is true, but lm_head.weight is not the same as ` +
      `model.embed_tokens.weight; set tie_word_embeddings to false in config.json to use both`,
  );
}
