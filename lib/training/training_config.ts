import { z } from "zod";
import { nearestName } from "../data/nearest_name.ts";
import { inOurWords, refusal } from "../data/refusal.ts";
import { ModelConfig } from "../model/config.ts";
import type { ModelConfig as ModelConfigType } from "../model/config_fields.ts";

/** Settings of the optimizer and of its learning rate's schedule. */
export interface OptimizerConfig {
  /** AdamW for all parameters, or Muon for the matrices within blocks and AdamW for the others. */
  name: "adamw" | "muon";
  /** Learning rate after the warm-up. */
  max_learning_rate: number;
  /** Learning rate at the schedule's end. */
  min_learning_rate: number;
  /**
   * How the learning rate falls after the warm-up: along half a cosine, or constant first and along a line at the end.
   */
  schedule: "cosine" | "linear";
  /** Steps of the linear warm-up. */
  warmup_steps: number;
  /** Step at which the cosine, or the linear decay, ends. */
  cosine_steps: number;
  /** Steps of the linear decay. */
  decay_steps: number;
  /** Muon's learning rate after the warm-up; it follows the same schedule. */
  muon_learning_rate: number;
  /** Decay of Muon's sum of gradients. */
  muon_momentum: number;
  /** Decay of the first moments. */
  beta1: number;
  /** Decay of the second moments. */
  beta2: number;
  /** Added to the root of the second moment. */
  eps: number;
  /** Decoupled weight decay, in proportion to each parameter's learning rate. */
  weight_decay: number;
}

/** A training run's settings, checked, with nothing left open. */
export interface TrainingConfig {
  /** The architecture. */
  model: ModelConfigType;
  /** The optimizer and the schedule. */
  optimizer: OptimizerConfig;
  /** Sequences in a forward pass. */
  batch_size: number;
  /** Batches whose gradients make one step. */
  gradient_accumulation_steps: number;
  /** Global norm that gradients are clipped to. */
  max_grad_norm: number;
  /** Optimizer steps in all. */
  steps: number;
  /** Steps between lines of metrics. */
  log_every: number;
  /** Steps between evaluations; also at the end. */
  eval_every: number;
  /** Batches of an evaluation. */
  eval_batches: number;
  /** Steps between checkpoints; also at the end. */
  checkpoint_every: number;
  /** Newest checkpoints to keep, besides the best. */
  keep_checkpoints: number;
  /** Steps between generated samples; 0 for none. */
  sample_every: number;
  /** Format in which the model multiplies and keeps activations; float32 if left out. Weights are float32 besides. */
  precision?: "float32" | "bfloat16";
  /** Of the initial weights and of the batches. */
  seed: number;
  /** Train on the first batch again and again, as a test. */
  overfit_one_batch: boolean;
  /** Text file to train on. */
  input?: string;
  /** Encoded text to train on (.npy). */
  data?: string;
  /** Encoded text to evaluate on (.npy). */
  validation_data?: string;
  /** Folder of the tokenizer. */
  tokenizer?: string;
}

const OptimizerFields = z.strictObject({
  name: z.enum(["adamw", "muon"]).default("adamw")
    .describe("AdamW, or Muon for the matrices within blocks and AdamW for the others"),
  max_learning_rate: z.number().positive().default(1e-3).describe("learning rate after the warm-up"),
  min_learning_rate: z.number().min(0).optional().describe(
    "learning rate at the schedule's end; default: a tenth of the largest",
  ),
  schedule: z.enum(["cosine", "linear"]).default("cosine")
    .describe("how the learning rate falls: along half a cosine, or constant first and along a line at the end"),
  warmup_steps: z.int().min(0).optional().describe("steps of the linear warm-up; default: 2 % of the steps"),
  cosine_steps: z.int().min(0).optional().describe(
    "step at which the cosine, or the linear decay, ends; default: the last",
  ),
  decay_steps: z.int().min(0).optional().describe("steps of the linear decay; default: 30 % of cosine_steps"),
  muon_learning_rate: z.number().positive().default(0.02).describe("Muon's learning rate after the warm-up"),
  muon_momentum: z.number().min(0).lt(1).default(0.95).describe("decay of Muon's sum of gradients"),
  beta1: z.number().min(0).lt(1).default(0.9).describe("decay of the first moments"),
  beta2: z.number().min(0).lt(1).default(0.95).describe("decay of the second moments"),
  eps: z.number().positive().default(1e-8).describe("added to the root of the second moment"),
  weight_decay: z.number().min(0).default(0.1).describe("decoupled weight decay, in proportion to the learning rate"),
});

const Fields = z.strictObject({
  model: ModelConfig,
  optimizer: OptimizerFields.prefault({}),
  batch_size: z.int().min(1).default(32).describe("sequences in a forward pass"),
  gradient_accumulation_steps: z.int().min(1).default(1).describe("batches whose gradients make one step"),
  max_grad_norm: z.number().positive().default(1).describe("global norm that gradients are clipped to"),
  steps: z.int().min(1).default(5_000).describe("optimizer steps in all"),
  log_every: z.int().min(1).default(10).describe("steps between lines of metrics"),
  eval_every: z.int().min(1).default(200).describe("steps between evaluations; also at the end"),
  eval_batches: z.int().min(1).default(20).describe("batches of an evaluation"),
  checkpoint_every: z.int().min(1).default(500).describe("steps between checkpoints; also at the end"),
  keep_checkpoints: z.int().min(1).default(2).describe("newest checkpoints to keep, besides the best"),
  sample_every: z.int().min(0).default(500).describe("steps between generated samples; 0 for none"),
  precision: z.enum(["float32", "bfloat16"]).optional().describe(
    "format of products and activations; bfloat16 needs cuda, where it is the default",
  ),
  seed: z.int().default(0).describe("seed of the initial weights and of the batches"),
  overfit_one_batch: z.boolean().default(false).describe("train on the first batch again and again, as a test"),
  input: z.string().optional().describe("text file to train on, also .gz"),
  data: z.string().optional().describe("encoded text to train on (.npy)"),
  validation_data: z.string().optional().describe(
    "encoded text to evaluate on (.npy); default: the last twentieth of a text, none with data",
  ),
  tokenizer: z.string().optional().describe("folder of the tokenizer"),
});

/**
 * All that determines a training run. Names are the handout's; every field's meaning is in its description, which
 * `deno task train --help` prints. Where they are left out, `optimizer.cosine_steps` becomes `steps`,
 * `optimizer.warmup_steps` 2 % of that, and `optimizer.min_learning_rate` a tenth of the largest.
 *
 * `optimizer.decay_steps` becomes 30 % of `optimizer.cosine_steps`: with a linear decay over 20 % long trainings come
 * as low as with the cosine (Hägele et al., 2024); shorter ones, as those here are, are given somewhat more.
 */
export const TrainingConfigSchema = Fields.transform((config, context) => {
  const { optimizer } = config;
  const cosine_steps = optimizer.cosine_steps ?? config.steps;
  const warmup_steps = optimizer.warmup_steps ?? Math.floor(cosine_steps / 50);
  const decay_steps = optimizer.decay_steps ??
    Math.max(0, Math.min(Math.floor(cosine_steps * 3 / 10), cosine_steps - warmup_steps));
  const min_learning_rate = optimizer.min_learning_rate ?? optimizer.max_learning_rate / 10;
  const refuse = (field: string, message: string) =>
    context.addIssue({ code: "custom", path: ["optimizer", field], message });
  if (warmup_steps > cosine_steps) {
    refuse(
      "warmup_steps",
      `warmup_steps is ${warmup_steps}, cosine_steps ${cosine_steps}; the warm-up must end before`,
    );
  }
  if (optimizer.schedule === "linear" && warmup_steps + decay_steps > Math.max(cosine_steps, warmup_steps)) {
    refuse(
      "decay_steps",
      `decay_steps is ${decay_steps}, warmup_steps ${warmup_steps}, cosine_steps ${cosine_steps}; ` +
        `warm-up and decay together must not be longer`,
    );
  }
  if (min_learning_rate > optimizer.max_learning_rate) {
    refuse(
      "min_learning_rate",
      `min_learning_rate is ${min_learning_rate}, max_learning_rate ${optimizer.max_learning_rate}; it must not be above`,
    );
  }
  return { ...config, optimizer: { ...optimizer, cosine_steps, warmup_steps, decay_steps, min_learning_rate } };
});

/** Every field of {@linkcode TrainingConfig} as an optional flag without default: what a command line may override. */
export const TrainingFlags = withoutDefaults(Fields);

/**
 * Checks a configuration.
 *
 * @param value What a JSON file holds, or an object in code.
 * @param source Where it comes from, for messages: a path.
 * @throws {RangeError} If a field is unknown (a near one is named, or all are), missing, or refused; each is listed
 * with its value.
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const model = { vocab_size: 500, context_length: 32, num_layers: 2, d_model: 64, num_heads: 4 };
 * assertEquals(parseTrainingConfig({ model, steps: 100 }).optimizer.cosine_steps, 100);
 * assertThrows(() => parseTrainingConfig({ model, step: 100 }), RangeError, "the nearest is steps");
 * ```
 */
export function parseTrainingConfig(value: unknown, source = "this configuration"): TrainingConfig {
  const parsed = TrainingConfigSchema.safeParse(value, inOurWords);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.flatMap((issue) => explain(issue, value));
  throw new RangeError(
    lines.length === 1 ? `Cannot use ${source}: ${lines[0]}` : `Cannot use ${source}:\n  ${lines.join("\n  ")}`,
  );
}

/**
 * The fields in which two configurations differ, each as "model.d_model is 512 there, 256 here".
 *
 * @param there For example the configuration in a checkpoint.
 * @param here For example the one that was asked for.
 */
export function differences(there: unknown, here: unknown, path = ""): string[] {
  if (isRecord(there) && isRecord(here)) {
    const keys = new Set([...Object.keys(there), ...Object.keys(here)]);
    return [...keys].flatMap((key) => differences(there[key], here[key], path === "" ? key : `${path}.${key}`));
  }
  if (there === here) return [];
  const show = (value: unknown) => value === undefined ? "not given" : JSON.stringify(value);
  return [`${path} is ${show(there)} there, ${show(here)} here`];
}

/** One object over another, field by field; what is undefined above leaves what is below. */
export function overlay(below: unknown, above: unknown): unknown {
  if (above === undefined) return below;
  if (!isRecord(below) || !isRecord(above)) return above;
  const merged = { ...below };
  for (const [key, value] of Object.entries(above)) {
    if (value !== undefined) merged[key] = overlay(below[key], value);
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function explain(issue: z.core.$ZodIssue, value: unknown): string[] {
  const path = issue.path.map(String);
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(objectAt(Fields, path).shape);
    const within = (key: string) => [...path, key].join(".");
    return issue.keys.map((key) => {
      const nearest = nearestName(key, known);
      return `there is no field ${within(key)}; ` +
        (nearest === undefined
          ? `expected one of ${known.map(within).join(", ")}`
          : `the nearest is ${within(nearest)}`);
    });
  }
  // What fields must satisfy together says its own names and values.
  if (issue.code === "custom") return [`${path.slice(0, -1).join(".")}: ${issue.message}`];
  return [refusal(issue, value)];
}

/** A configuration's fields without defaults and all optional, so that what was given can be told from what was not. */
function withoutDefaults(schema: z.ZodObject): z.ZodObject {
  return z.object(Object.fromEntries(
    Object.entries(schema.shape).map(([key, field]) => {
      const { inner, fallback } = unwrap(field as z.ZodType);
      if (inner instanceof z.ZodObject) return [key, withoutDefaults(inner).optional()];
      // For readers of the schema, as `--help`; parsing fills nothing in.
      const description = (field as z.ZodType).description ?? inner.description;
      return [key, inner.optional().meta({ description, ...(fallback !== undefined && { default: fallback }) })];
    }),
  ));
}

function unwrap(field: z.ZodType): { inner: z.ZodType; fallback?: unknown } {
  if (field instanceof z.ZodDefault || field instanceof z.ZodPrefault) {
    const { inner } = unwrap(field.def.innerType as z.ZodType);
    return { inner, fallback: field.def.defaultValue };
  }
  if (field instanceof z.ZodOptional) return unwrap(field.def.innerType as z.ZodType);
  if (field instanceof z.ZodPipe) return unwrap(field.def.in as z.ZodType);
  return { inner: field };
}

/** The object schema at a path of field names. */
function objectAt(schema: z.ZodType, path: readonly string[]): z.ZodObject {
  const { inner } = unwrap(schema);
  if (!(inner instanceof z.ZodObject)) throw new TypeError(`No object schema at ${path.join(".")}`);
  return path.length === 0 ? inner : objectAt(inner.shape[path[0]] as z.ZodType, path.slice(1));
}
