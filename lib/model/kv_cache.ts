import type { Arena } from "../tensor/arena.ts";
import type { KeyValueCache } from "./attention.ts";
import type { TransformerLM } from "./transformer_lm.ts";

/**
 * The keys and values of all layers for the positions that a generation has been through, so that a new token costs one
 * position's work. Memory: 2 x layers x batch x capacity x num_kv_heads x d_head numbers.
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
