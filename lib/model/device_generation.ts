import type { Slice } from "../tensor/slice.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { GenerationSteps } from "./generation_steps.ts";
import type { SamplingOptions } from "./sampling.ts";
import type { TransformerLM } from "./transformer_lm.ts";

/**
 * Generates tokens of several sequences without reading anything back from one to the next: logits, choice and cache
 * stay on a device that chooses (`Device.samples`), and the work of a token is recorded where the device can.
 */
export class DeviceGeneration implements Disposable {
  /** Tokens of each sequence that may be chosen, and stay on the device, before they are read. */
  static readonly UNREAD = 16;
  #model: TransformerLM;
  #batch: number;
  #sampling: { temperature: number; topK: number; topP: number };
  #steps: GenerationSteps;
  #draws: Slice;
  #chosen: Slice;
  #unread = 0;
  #memory: DisposableStack;

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
    using undo = new DisposableStack();
    this.#steps = undo.use(new GenerationSteps(model, batch, capacity, (logits) => this.#choose(logits)));
    const state = undo.use(device.arena("chosen tokens"));
    this.#draws = state.alloc(batch, "f32");
    this.#chosen = state.alloc(DeviceGeneration.UNREAD * batch, "i32");
    this.#memory = undo.move();
  }

  /** Computes windows of one length from position 0 on, and chooses the token after each. */
  begin(windows: readonly (readonly number[])[], draws: Float32Array): void {
    this.#writeDraws(draws);
    this.#steps.begin(windows);
    this.#keep();
  }

  /** Computes the tokens chosen last, which are at `position`, and chooses those after them. */
  next(position: number, draws: Float32Array): void {
    this.#writeDraws(draws);
    this.#steps.next(position);
    this.#keep();
  }

  /** The tokens chosen since the last call, [calls of begin() and next()][sequence]; -1 as `Device.sample()` says. */
  read(): Int32Array {
    const chosen = new Int32Array(this.#unread * this.#batch);
    if (chosen.length > 0) this.#model.device.download(this.#chosen.sub(0, chosen.length), chosen);
    this.#unread = 0;
    return chosen;
  }

  /** Returns the memory. */
  [Symbol.dispose](): void {
    this.#memory.dispose();
  }

  #choose(logits: Tensor): void {
    this.#model.device.sample({
      logits: logits.slice,
      draws: this.#draws,
      tokens: this.#steps.tokens.slice,
      rows: this.#batch,
      columns: logits.columns,
      ...this.#sampling,
    });
  }

  #keep(): void {
    const destination = this.#chosen.sub(this.#unread++ * this.#batch, this.#batch);
    this.#model.device.copy({ source: this.#steps.tokens.slice, destination });
  }

  #writeDraws(draws: Float32Array): void {
    if (this.#sampling.temperature > 0) this.#model.device.upload(this.#draws, draws);
  }
}
