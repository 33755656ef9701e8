import type { Arena } from "../tensor/arena.ts";
import { RepeatedWork } from "../tensor/repeated_work.ts";
import type { Slice } from "../tensor/slice.ts";
import { Tape } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { GenerationCache } from "./kv_cache.ts";
import type { TransformerLM } from "./transformer_lm.ts";

// Attention looks at the cache up to a multiple of this many positions; a token's work is recorded once for each
// multiple.
const POSITIONS = 64;

/**
 * The forward passes of a generation: whole windows, then one token after the other, which is the same work on the same
 * memory each time, with the tokens and their position in device memory. So it is recorded where the device can.
 */
export class GenerationSteps implements Disposable {
  /** The next token of each sequence, i32 [batch, 1]: to be written before {@linkcode GenerationSteps.next}. */
  readonly tokens: Tensor;
  #model: TransformerLM;
  #use: (logits: Tensor) => void;
  #cache: GenerationCache;
  #activations: Arena;
  #position: Slice;
  #seen: Slice;
  #works = new Map<number, RepeatedWork>();
  #memory: DisposableStack;

  /**
   * Reserves memory for `batch` sequences of up to `capacity` positions.
   *
   * @param use Queues what is to be done with the logits [batch, 1, vocab_size] of the last positions. It is part of
   * the work that is recorded, so it reserves, uploads and downloads nothing.
   */
  constructor(model: TransformerLM, batch: number, capacity: number, use: (logits: Tensor) => void) {
    const { device } = model;
    this.#model = model;
    this.#use = use;
    using undo = new DisposableStack();
    this.#cache = undo.use(new GenerationCache(model, batch, capacity));
    for (const { keys, values } of this.#cache.layers) {
      // What no token has written yet is not seen, but multiplied by 0: it must be a number.
      device.fill({ x: keys, value: 0 });
      device.fill({ x: values, value: 0 });
    }
    this.#activations = undo.use(device.arena("generation"));
    const state = undo.use(device.arena("generated tokens"));
    this.tokens = new Tensor(state.alloc(batch, "i32"), [batch, 1]);
    this.#position = state.alloc(1, "i32");
    this.#seen = state.alloc(capacity, "i32");
    this.#memory = undo.move();
  }

  /** Computes windows of one length, one for each sequence, from position 0 on. */
  begin(windows: readonly (readonly number[])[]): void {
    const { device, dtype } = this.#model;
    const { length } = windows[0];
    device.upload(this.#seen, Int32Array.from({ length: this.#seen.length }, (_, i) => i < length ? 1 : 0));
    this.#cache.length = 0;
    this.#activations.reset();
    using tape = new Tape(device, { arena: this.#activations, recording: false, dtype });
    const tokens = tape.integers(windows.flat(), [windows.length, length]);
    this.#use(this.#model.forward(tape, tokens, { caches: this.#cache.layers, lastOnly: true }));
  }

  /** Computes {@linkcode GenerationSteps.tokens}, which are at `position`. */
  next(position: number): void {
    const { device } = this.#model;
    device.upload(this.#position, Int32Array.of(position));
    device.fill({ x: this.#seen.sub(position, 1), value: 1 });
    const length = Math.min(this.#seen.length, Math.ceil((position + 1) / POSITIONS) * POSITIONS);
    let work = this.#works.get(length);
    if (work === undefined) {
      work = new RepeatedWork(device, () => this.#compute(length));
      this.#works.set(length, work);
    }
    work.run();
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    for (const work of this.#works.values()) work[Symbol.dispose]();
    this.#memory.dispose();
  }

  #compute(length: number): void {
    const { device, dtype } = this.#model;
    this.#activations.reset();
    using tape = new Tape(device, { arena: this.#activations, recording: false, dtype });
    const place = { position: this.#position, seen: this.#seen.sub(0, length) };
    const caches = this.#cache.layers.map((layer) => ({ ...layer, place }));
    this.#use(this.#model.forward(tape, this.tokens, { caches }));
  }
}
