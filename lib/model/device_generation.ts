import type { Arena } from "../tensor/arena.ts";
import { RepeatedWork } from "../tensor/repeated_work.ts";
import type { Slice } from "../tensor/slice.ts";
import { Tape } from "../tensor/tape.ts";
import { Tensor } from "../tensor/tensor.ts";
import { GenerationCache } from "./kv_cache.ts";
import type { SamplingOptions } from "./sampling.ts";
import type { TransformerLM } from "./transformer_lm.ts";

// Attention looks at the cache up to a multiple of so many positions; the work of a token is recorded once for each.
const POSITIONS = 64;

// Chosen tokens are kept on the device until they are read, so many of each sequence.
const UNREAD = 16;

/**
 * Generates tokens of several sequences without reading anything back from one to the next: logits, choice and cache stay
 * on a device that chooses (`Device.samples`), and the work of a token is recorded where the device can.
 */
export class DeviceGeneration implements Disposable {
  /** Tokens of each sequence that may be chosen before they are read. */
  static readonly UNREAD = UNREAD;
  #model: TransformerLM;
  #batch: number;
  #sampling: { temperature: number; topK: number; topP: number };
  #cache: GenerationCache;
  #activations: Arena;
  #state: Arena;
  // The last token of each sequence, the draws for the next, and its place in the cache.
  #tokens: Tensor;
  #draws: Slice;
  #position: Slice;
  #seen: Slice;
  #chosen: Slice;
  #unread = 0;
  #works = new Map<number, RepeatedWork>();

  /**
   * Reserves memory for `batch` sequences of up to `capacity` positions.
   *
   * @param sampling Checked already, as `Sampler` does.
   */
  constructor(model: TransformerLM, batch: number, capacity: number, sampling: SamplingOptions) {
    const { device, config: { vocab_size } } = model;
    const { temperature = 1, topK = Infinity, topP = 1 } = sampling;
    this.#model = model;
    this.#batch = batch;
    this.#sampling = { temperature, topK: Math.min(topK, vocab_size), topP };
    this.#cache = new GenerationCache(model, batch, capacity);
    for (const { keys, values } of this.#cache.layers) {
      // What no token has written yet is not seen, but multiplied by 0: it must be a number.
      device.fill({ x: keys, value: 0 });
      device.fill({ x: values, value: 0 });
    }
    this.#activations = device.arena("generation");
    this.#state = device.arena("generated tokens");
    this.#tokens = new Tensor(this.#state.alloc(batch, "i32"), [batch, 1]);
    this.#draws = this.#state.alloc(batch, "f32");
    this.#position = this.#state.alloc(1, "i32");
    this.#seen = this.#state.alloc(capacity, "i32");
    this.#chosen = this.#state.alloc(UNREAD * batch, "i32");
  }

  /** Computes windows of one length from position 0 on, and chooses the token after each. */
  begin(windows: readonly (readonly number[])[], draws: Float32Array): void {
    const { device, dtype } = this.#model;
    const { length } = windows[0];
    device.upload(this.#seen, Int32Array.from({ length: this.#seen.length }, (_, i) => i < length ? 1 : 0));
    this.#writeDraws(draws);
    this.#cache.length = 0;
    this.#activations.reset();
    using tape = new Tape(device, { arena: this.#activations, recording: false, dtype });
    const tokens = tape.integers(windows.flat(), [this.#batch, length]);
    this.#choose(this.#model.forward(tape, tokens, { caches: this.#cache.layers, lastOnly: true }));
    this.#keep();
  }

  /** Computes the tokens chosen last, which are at `position`, and chooses those after them. */
  next(position: number, draws: Float32Array): void {
    const { device } = this.#model;
    device.upload(this.#position, Int32Array.of(position));
    device.fill({ x: this.#seen.sub(position, 1), value: 1 });
    this.#writeDraws(draws);
    const length = Math.min(this.#seen.length, Math.ceil((position + 1) / POSITIONS) * POSITIONS);
    let work = this.#works.get(length);
    if (work === undefined) {
      work = new RepeatedWork(device, () => this.#compute(length));
      this.#works.set(length, work);
    }
    work.run();
    this.#keep();
  }

  /**
   * The tokens chosen since the last call, [calls of begin() and next()][sequence].
   *
   * @throws {RangeError} If the logits of one were not numbers.
   */
  read(): Int32Array {
    const chosen = new Int32Array(this.#unread * this.#batch);
    if (chosen.length > 0) this.#model.device.download(this.#chosen.sub(0, chosen.length), chosen);
    this.#unread = 0;
    if (chosen.includes(-1)) {
      throw new RangeError(
        "Cannot sample: logits are not finite; the model has diverged or its checkpoint is damaged",
      );
    }
    return chosen;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    for (const work of this.#works.values()) work[Symbol.dispose]();
    this.#cache[Symbol.dispose]();
    this.#activations[Symbol.dispose]();
    this.#state[Symbol.dispose]();
  }

  #compute(length: number): void {
    const { device, dtype } = this.#model;
    this.#activations.reset();
    using tape = new Tape(device, { arena: this.#activations, recording: false, dtype });
    const place = { position: this.#position, seen: this.#seen.sub(0, length) };
    const caches = this.#cache.layers.map((layer) => ({ ...layer, place }));
    this.#choose(this.#model.forward(tape, this.#tokens, { caches }));
  }

  #choose(logits: Tensor): void {
    this.#model.device.sample({
      logits: logits.slice,
      draws: this.#draws,
      tokens: this.#tokens.slice,
      rows: this.#batch,
      columns: logits.columns,
      ...this.#sampling,
    });
  }

  #keep(): void {
    const destination = this.#chosen.sub(this.#unread++ * this.#batch, this.#batch);
    this.#model.device.copy({ source: this.#tokens.slice, destination });
  }

  #writeDraws(draws: Float32Array): void {
    if (this.#sampling.temperature > 0) this.#model.device.upload(this.#draws, draws);
  }
}
