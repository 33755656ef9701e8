import type { Device } from "../tensor/device.ts";
import { Random } from "../tensor/random.ts";
import type { Slice } from "../tensor/slice.ts";
import { elements, Gradient, Tensor } from "../tensor/tensor.ts";
import type { ModelConfig } from "./config_fields.ts";
import { initialDeviation } from "./initial_deviation.ts";
import { parameterLayout, type ParameterShape } from "./parameter_layout.ts";

/** A named parameter in memory. */
export interface Parameter extends ParameterShape {
  /** The float32 weights, within `Parameters.weights`. */
  weights: Slice;
  /** Their gradients, within `Parameters.gradients`; absent in a model that is not trained. */
  gradients?: Slice;
}

/** How parameters are kept. */
export interface ParameterOptions {
  /** Whether there shall be gradients; true if left out. */
  trainable?: boolean;
  /** Format in which the model multiplies; with bf16 there are float32 weights besides. f32 if left out. */
  dtype?: "f32" | "bf16";
}

// Every group starts at a multiple of this many elements, so that vector loads are aligned in float32 and bfloat16. The
// gap holds zeros, which stay zero in every optimizer.
const ALIGNMENT = 32;

/**
 * All parameters of a model in one flat piece of memory, their gradients in another: an optimizer's step is one
 * operation, and so is the gradient's norm.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { ModelConfig } from "./config.ts";
 * using device = new Device(new ReferenceBackend());
 * const config = ModelConfig.parse({ vocab_size: 11, context_length: 8, num_layers: 1, d_model: 8, num_heads: 2 });
 * using parameters = new Parameters(device, config);
 * parameters.initialize(1);
 * assertEquals(parameters.named.get("layers.0.attn.q_proj.weight")?.shape, [8, 8]);
 * assertEquals(parameters.state().get("ln_final.weight"), new Float32Array(8).fill(1));
 * ```
 */
export class Parameters implements Disposable {
  /** Where they are. */
  readonly device: Device;
  /** By name, in the order of the state dict. */
  readonly named: ReadonlyMap<string, Parameter>;
  /** All weights in float32. */
  readonly weights: Slice;
  /** All weights rounded to bfloat16, if the model multiplies in it. */
  readonly lowPrecisionWeights: Slice | undefined;
  /** Number of parameters, as state dicts count them. */
  readonly count: number;
  #config: ModelConfig;
  #gradients: Slice | undefined;
  #groups = new Map<string, Tensor>();
  #memory: DisposableStack;

  /** Reserves the memory; the weights are undefined until `initialize()` or `load()`. */
  constructor(device: Device, config: ModelConfig, { trainable = true, dtype = "f32" }: ParameterOptions = {}) {
    this.device = device;
    this.#config = config;
    const groups = parameterLayout(config);
    const sizes = groups.map(({ members }) => members.reduce((sum, { shape }) => sum + elements(shape), 0));
    const length = sizes.reduce((sum, size) => sum + roundUp(size), 0);
    using undo = new DisposableStack();
    const allocate = (name: string, dtype: "f32" | "bf16" = "f32") => {
      const slice = undo.use(device.arena(name, length * (dtype === "f32" ? 4 : 2))).alloc(length, dtype);
      device.fill({ x: slice, value: 0 });
      return slice;
    };
    this.weights = allocate("parameters");
    this.lowPrecisionWeights = dtype === "bf16" ? allocate("bf16 parameters", "bf16") : undefined;
    const all = this.#gradients = trainable ? allocate("gradients") : undefined;
    const named = new Map<string, Parameter>();
    let start = 0;
    groups.forEach(({ name, members }, i) => {
      const rows = members.reduce((sum, { shape }) => sum + shape[0], 0);
      const gradient = all && new Gradient(all.sub(start, sizes[i]), { persistent: true, written: false });
      const values = (this.lowPrecisionWeights ?? this.weights).sub(start, sizes[i]);
      this.#groups.set(name, new Tensor(values, [rows, ...members[0].shape.slice(1)], gradient));
      let at = start;
      for (const member of members) {
        const size = elements(member.shape);
        const gradients = all?.sub(at, size);
        named.set(member.name, { ...member, weights: this.weights.sub(at, size), gradients });
        at += size;
      }
      start += roundUp(sizes[i]);
    });
    this.named = named;
    this.count = sizes.reduce((sum, size) => sum + size, 0);
    this.#memory = undo.move();
  }

  /**
   * All gradients, or undefined if not trained. Those that no backward pass has written since `zeroGradients()` are 0.
   */
  get gradients(): Slice | undefined {
    for (const { gradient } of this.#groups.values()) {
      if (gradient === undefined || gradient.written) continue;
      this.device.fill({ x: gradient.slice, value: 0 });
      gradient.written = true;
    }
    return this.#gradients;
  }

  /**
   * A tensor with which the model computes: a parameter by its name, or several that lie one after the other as one,
   * as "layers.0.attn.qkv" (without `qk_norm`) and "layers.0.ffn.w1_w3".
   *
   * @throws {RangeError} If the model has none of this name; those that it has are named.
   */
  group(name: string): Tensor {
    const tensor = this.#groups.get(name);
    if (tensor === undefined) {
      throw new RangeError(
        `Cannot find the parameters "${name}"; this model has ${[...this.#groups.keys()].join(", ")}`,
      );
    }
    return tensor;
  }

  /**
   * Draws the first weights, the same for a seed on every device: matrices from a normal distribution truncated at
   * three standard deviations of sqrt(2 / (d_in + d_out)), or as `embedding_std` and `output_init` say; norms are ones.
   * Every matrix takes its numbers from the seed whatever the deviations are, so that models which differ only in them
   * start alike elsewhere.
   */
  initialize(seed: number): void {
    if (!this.device.computes) return;
    const random = new Random(seed);
    for (const parameter of this.named.values()) {
      const values = new Float32Array(parameter.weights.length);
      if (parameter.kind === "norm") {
        values.fill(1);
      } else {
        const deviation = initialDeviation(parameter, this.#config);
        for (let i = 0; i < values.length; i++) values[i] = deviation * random.truncatedNormal(3);
      }
      this.device.upload(parameter.weights, values);
    }
    this.#round();
  }

  /**
   * Takes weights from a state dict.
   *
   * @throws {RangeError} If names or lengths are not exactly this model's; nothing is changed then.
   */
  load(state: ReadonlyMap<string, Float32Array>): void {
    const problems = [
      ...[...this.named.keys()].filter((name) => !state.has(name)).map((name) => `${name} is missing`),
      ...[...state.keys()].filter((name) => !this.named.has(name)).map((name) => `${name} is not in the model`),
      ...[...state].flatMap(([name, { length }]) => {
        const expected = this.named.get(name);
        if (expected === undefined || expected.weights.length === length) return [];
        return [`${name} has ${length} elements, the model needs [${expected.shape.join(", ")}]`];
      }),
    ];
    if (problems.length > 0) {
      throw new RangeError(
        `Cannot load the weights: ${problems.slice(0, 5).join("; ")}${problems.length > 5 ? "; ..." : ""}; ` +
          `use the configuration that they were saved with`,
      );
    }
    for (const [name, values] of state) this.device.upload(this.named.get(name)!.weights, values);
    this.#round();
  }

  /** Reads all weights back, by name. */
  state(): Map<string, Float32Array<ArrayBuffer>> {
    return new Map([...this.named].map(([name, { weights }]) => [name, this.device.download(weights)]));
  }

  /** Forgets all gradients, so that the next backward pass starts from 0. Costs nothing: it writes over them. */
  zeroGradients(): void {
    for (const { gradient } of this.#groups.values()) if (gradient) gradient.written = false;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#memory.dispose();
  }

  #round(): void {
    if (this.lowPrecisionWeights === undefined) return;
    this.device.copy({ source: this.weights, destination: this.lowPrecisionWeights });
  }
}

function roundUp(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
