import type { Arena } from "../tensor/arena.ts";
import type { KeyValueCache } from "./attention.ts";
import type { TransformerLM } from "./transformer_lm.ts";

/**
 * The keys and values of all layers for the positions that a generation has been through, so that a new token costs one
 * position's work. Memory: 2 x layers x batch x capacity x num_kv_heads x d_head numbers.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "../tensor/device.ts";
 * import { ReferenceBackend } from "../tensor/reference_backend.ts";
 * import { Tape } from "../tensor/tape.ts";
 * import { generate } from "./generate.ts";
 * import { TransformerLM } from "./transformer_lm.ts";
 * using device = new Device(new ReferenceBackend());
 * using model = new TransformerLM(device, {
 *   vocab_size: 11, context_length: 8, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 16,
 * });
 * using cache = new GenerationCache(model, 1, 8);
 * using tape = new Tape(device, { recording: false });
 * const tokens = [1, 2, 3];
 * while (tokens.length < 8) {
 *   tape.reset();
 *   const fresh = model.tokens(tape, tokens.slice(cache.length));
 *   const logits = tape.read(model.forward(tape, fresh, { caches: cache.layers, lastOnly: true }));
 *   cache.length = tokens.length;
 *   tokens.push(logits.indexOf(Math.max(...logits)));
 * }
 * assertEquals(tokens.slice(3), [...generate(model, [1, 2, 3], { maxNewTokens: 5, temperature: 0 })]);
 * ```
 */
export class GenerationCache implements Disposable {
  /** One for each layer, as `model.forward()` takes them. */
  readonly layers: readonly KeyValueCache[];
  #arena: Arena;

  /** Reserves memory for `batch` sequences of up to `capacity` positions. */
  constructor(model: TransformerLM, batch: number, capacity: number) {
    const { num_layers, num_kv_heads, num_heads, d_model } = model.config;
    const elements = batch * capacity * num_kv_heads * (d_model / num_heads);
    using undo = new DisposableStack();
    this.#arena = undo.use(model.device.arena("key-value cache"));
    this.layers = Array.from({ length: num_layers }, () => ({
      keys: this.#arena.alloc(elements, model.dtype),
      values: this.#arena.alloc(elements, model.dtype),
      capacity,
      length: 0,
    }));
    undo.move();
  }

  /** Positions that are in the cache. */
  get length(): number {
    return this.layers[0].length;
  }

  /** Says how many positions are in the cache now: more after a forward pass, 0 to forget all. */
  set length(positions: number) {
    for (const layer of this.layers) layer.length = positions;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#arena[Symbol.dispose]();
  }
}
