import { inOurWords, refusal } from "../data/refusal.ts";
import { ModelConfig } from "../model/config.ts";
import { activationComponents, type ScoresPolicy } from "./activations.ts";
import { adamwFlops } from "./adamw_flops.ts";
import { type Component, total } from "./component.ts";
import { evaluate, type Expression, product, sum, type Values } from "./expression.ts";
import { decodeBytes, decodeFlops, generationFlops, kvCacheBytes, prefillFlops } from "./generation_cost.ts";
import { type ImplementationMemory, implementationMemory, keptActivations } from "./implementation_memory.ts";
import { type AttentionCost, matrixProducts, trainingPositions } from "./matrix_products.ts";
import { type ModelShape, valuesOf } from "./model_shape.ts";
import { muonFlops, type OptimizerName } from "./muon_update.ts";
import { parameterComponents } from "./parameters.ts";
import { elementBytes, type Precision, trainingMemory } from "./training_memory.ts";

/** What is to be accounted for. */
export interface AccountOptions {
  /** The model; sequences are as long as its context_length. */
  model: ModelShape;
  /** Sequences in a batch, at least 1. */
  batchSize: number;
  /** Formats in training. */
  precision: Precision;
  /** What steps the weights; adamw if left out. */
  optimizer?: OptimizerName;
  /** Whether the scores of attention are kept. */
  scores: ScoresPolicy;
  /** Which keys a query is charged for. */
  attention: AttentionCost;
  /** Tokens of a prompt, at least 1. */
  promptLength: number;
  /** Tokens generated after it, at least 1. */
  generatedTokens: number;
}

/** One line: a formula and its value. */
export interface Line {
  /** What is counted. */
  name: string;
  /** The part of the model, where it belongs to one. */
  part?: string;
  /** The operands of a matrix product, or the shape of a weight. */
  shapes?: string;
  /** The formula, term by term; `normalForm()` collects it for print. */
  expression: Expression;
  /** Its value for the numbers given. */
  value: bigint;
}

/** Lines of one kind, with their sum where they have one. */
export interface Section {
  /** What the lines are: "Parameters". */
  title: string;
  /** What `value` counts. */
  unit: "parameters" | "FLOPs" | "bytes";
  /** The lines. */
  lines: Line[];
  /** The sum of the lines; left out where a sum has no meaning. */
  total?: Line;
}

/** Everything that formulas tell of a model and its training. */
export interface Account {
  /** The symbols' values. */
  values: Values;
  /** Of the weights. */
  parameters: Section;
  /** Of one forward pass of the batch, by matrix product. */
  forward: Section;
  /** Of one training step of the batch: forward, backward, optimizer. */
  step: Section;
  /** Of training: weights, gradients, optimizer state, activations. */
  memory: Section;
  /** The activations of `memory`, by component. */
  activations: Section;
  /** What this library keeps of a forward pass in training, by component, in float32. */
  keptActivations: Section;
  /** What this library's training step has in use at most, aligned as it is, in float32. */
  implementationMemory: ImplementationMemory;
  /** FLOPs of generating text. */
  generation: Section;
  /** Bytes at the last step of generating text, with the prompt and all tokens but the last in the cache. */
  generationMemory: Section;
}

/**
 * The whole account of a model by formula.
 *
 * @throws {RangeError} If the model is no valid configuration, or the batch size or a length not a positive integer.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { modelPreset } from "./model_presets.ts";
 * const { parameters } = account({
 *   model: modelPreset("gpt2-xl"),
 *   batchSize: 1,
 *   precision: "float32",
 *   scores: "stored",
 *   attention: "full",
 *   promptLength: 1,
 *   generatedTokens: 1,
 * });
 * assertEquals(parameters.total?.value, 2_127_057_600n);
 * ```
 */
export function account(options: AccountOptions): Account {
  checkOptions(options);
  const { model, batchSize, precision, optimizer = "adamw", scores, attention, promptLength, generatedTokens } =
    options;
  const values: Values = {
    ...valuesOf(model, batchSize),
    p: BigInt(promptLength),
    g: BigInt(generatedTokens),
    // The last token generated is not run through the model.
    t: BigInt(promptLength + generatedTokens - 1),
  };
  const line = (name: string, expression: Expression, about: Partial<Line> = {}): Line => ({
    name,
    ...about,
    expression,
    value: evaluate(expression, values),
  });
  const summed = (title: string, unit: Section["unit"], lines: Line[]): Section => ({
    title,
    unit,
    lines,
    total: line("total", sum(...lines.map(({ expression }) => expression))),
  });
  const ofComponents = (
    title: string,
    unit: Section["unit"],
    components: readonly (Component & { shapes?: string })[],
  ) => summed(title, unit, components.map(({ name, part, shapes, count }) => line(name, count, { part, shapes })));
  const products = matrixProducts(model, trainingPositions(attention));
  const forward = total(products);
  const memory = trainingMemory(model, precision, scores, optimizer);
  return {
    values,
    parameters: ofComponents("Parameters", "parameters", parameterComponents(model)),
    forward: ofComponents("Forward pass of the batch", "FLOPs", products),
    step: summed("Training step of the batch", "FLOPs", [
      line("forward", forward),
      line("backward", product(2, forward)),
      optimizer === "adamw" ? line("AdamW", adamwFlops(model)) : line("Muon, and AdamW beside it", muonFlops(model)),
    ]),
    memory: summed("Training memory", "bytes", [
      line("weights", memory.weights),
      line("gradients", memory.gradients),
      line("optimizer state", memory.optimizerState),
      line("activations", memory.activations),
    ]),
    activations: ofComponents(
      "Activations of the batch",
      "bytes",
      activationComponents(model, scores).map((component) => ({
        ...component,
        count: product(elementBytes[precision].activations, component.count),
      })),
    ),
    keptActivations: ofComponents("Activations that this library keeps, float32", "bytes", keptActivations(model)),
    implementationMemory: implementationMemory(model, values, optimizer),
    generation: {
      title: "Generating",
      unit: "FLOPs",
      lines: [
        line("prefill of the prompt", prefillFlops(model, attention)),
        line("last decoding step", decodeFlops(model)),
        line("prompt and generated tokens", generationFlops(model, attention)),
      ],
    },
    generationMemory: {
      title: "Memory in generating",
      unit: "bytes",
      lines: [
        line("KV cache at the last decoding step", kvCacheBytes(model, precision)),
        line("read in the last decoding step", decodeBytes(model, precision)),
      ],
    },
  };
}

/**
 * Checks that a model's shape is a valid configuration.
 *
 * @throws {RangeError} If it is not; the message names every field that is wrong.
 */
export function checkShape(model: ModelShape): void {
  const checked = ModelConfig.safeParse(model, inOurWords);
  if (!checked.success) {
    // What fields must satisfy together says its own names.
    const problems = checked.error.issues.map((issue) =>
      issue.code === "custom" ? issue.message : refusal(issue, model)
    );
    throw new RangeError(`Cannot account for the model: ${problems.join("; ")}`);
  }
}

function checkOptions({ model, batchSize, promptLength, generatedTokens }: AccountOptions): void {
  checkShape(model);
  const sizes = {
    "the batch size": batchSize,
    "the prompt's length": promptLength,
    "the number of generated tokens": generatedTokens,
  };
  for (const [name, size] of Object.entries(sizes)) {
    if (!Number.isSafeInteger(size) || size < 1) {
      throw new RangeError(`Cannot account for the model: ${name} is ${size}; it must be an integer of at least 1`);
    }
  }
}
