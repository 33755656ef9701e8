import { parseTrainingConfig, type TrainingConfig } from "../training/training_config.ts";

// Where a run's text lies does not matter, what it says does.
const PLACES = ["input", "data", "validation_data", "tokenizer"] as const;

// Fields without a default, or from which other defaults follow.
const LEADING = [
  ...["model.vocab_size", "model.context_length", "model.num_layers", "model.d_model", "model.num_heads"],
  ...["optimizer.max_learning_rate", "steps"],
];

const HASH_DIGITS = 10;

/**
 * What tells a run from all others: a hash of its text and of every setting that is not the default. Two experiments
 * that ask for the same run find the same folder, and a setting that is new to this library, at its default, leaves the
 * runs of before where they are.
 *
 * @param text What the run trains on, such as the hash of a file.
 * @returns Hexadecimal digits.
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import { parseTrainingConfig } from "../training/training_config.ts";
 * const model = { vocab_size: 500, context_length: 32, num_layers: 2, d_model: 64, num_heads: 4 };
 * const hash = await runHash(parseTrainingConfig({ model }), "some text");
 * assertEquals(hash, await runHash(parseTrainingConfig({ model: { ...model, position: "rope" } }), "some text"));
 * assertNotEquals(hash, await runHash(parseTrainingConfig({ model, seed: 1 }), "some text"));
 * ```
 */
export async function runHash(config: TrainingConfig, text: string): Promise<string> {
  const ordinary = ordinaryFields(config);
  const fields = [...fieldsOf(config)].filter(([field, value]) => ordinary.get(field) !== value);
  const identity = JSON.stringify([text, fields.toSorted(([a], [b]) => a < b ? -1 : 1)]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(identity));
  return new Uint8Array(digest).toHex().slice(0, HASH_DIGITS);
}

/**
 * The defaults beside a configuration's own sizes, steps and rate, from which other defaults follow; what has no
 * default is not among them.
 */
function ordinaryFields({ model, optimizer, steps }: TrainingConfig): Map<string, unknown> {
  const { vocab_size, context_length, num_layers, d_model, num_heads } = model;
  const leading = {
    model: { vocab_size, context_length, num_layers, d_model, num_heads },
    optimizer: { max_learning_rate: optimizer.max_learning_rate },
    steps,
  };
  const fields = fieldsOf(parseTrainingConfig(leading));
  for (const field of LEADING) fields.delete(field);
  return fields;
}

/**
 * A run's settings by field, such as "model.d_model", without the paths of its text.
 */
export function fieldsOf(config: TrainingConfig): Map<string, unknown> {
  const { model, optimizer, ...rest } = config;
  const named = (group: string, values: object) =>
    Object.entries(values).map(([field, value]): [string, unknown] => [`${group}.${field}`, value]);
  const others = Object.entries(rest).filter(([field]) => !(PLACES as readonly string[]).includes(field));
  const fields: [string, unknown][] = [...named("model", model), ...named("optimizer", optimizer), ...others];
  return new Map(fields.filter(([, value]) => value !== undefined));
}
