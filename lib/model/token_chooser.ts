import type { Arena } from "../tensor/arena.ts";
import type { Random } from "../tensor/random.ts";
import type { Slice } from "../tensor/slice.ts";
import { Tape } from "../tensor/tape.ts";
import { DeviceGeneration } from "./device_generation.ts";
import { GenerationSteps } from "./generation_steps.ts";
import type { Sampler, SamplingOptions } from "./sampling.ts";
import type { TransformerLM } from "./transformer_lm.ts";

/** A text that is being continued. */
export interface Sequence {
  /** Index of its prompt. */
  sequence: number;
  /** The tokens that the model sees. */
  window: number[];
  /** Decides about its tokens. */
  random: Random;
}

/** What a device chooses where logits are not finite; the tokens after it mean nothing. */
export const NO_TOKEN = -1;

/** What chooses the next tokens of sequences whose windows have one length. */
export interface TokenChooser extends Disposable {
  /**
   * The next tokens of all sequences, one round after another; `NO_TOKEN` where a device finds logits that are not
   * finite.
   *
   * @param options.isNew Whether the windows are others than those of the last call with its tokens behind them.
   * @param options.most Rounds at most; at least one comes.
   * @param options.going Sequences that have not ended. The others stay in the computation, so that all have one
   * length, and any token will do for them.
   * @throws {RangeError} If logits that are read back for one that is going are not finite.
   */
  choose(options: { isNew: boolean; most: number; going: ReadonlySet<Sequence> }): ArrayLike<number>[];
}

/** Reads the logits back, and samples from them; whole windows each time. */
export class WindowChooser implements TokenChooser {
  #model: TransformerLM;
  #group: readonly Sequence[];
  #draw: HostDraw;
  #arena: Arena;

  constructor(model: TransformerLM, group: readonly Sequence[], sampler: Sampler) {
    this.#model = model;
    this.#group = group;
    this.#draw = new HostDraw(model, group, sampler);
    this.#arena = model.device.arena("generation");
  }

  choose({ going }: { going: ReadonlySet<Sequence> }): number[][] {
    const { device, dtype } = this.#model;
    this.#arena.reset();
    using tape = new Tape(device, { arena: this.#arena, recording: false, dtype });
    const windows = this.#group.map(({ window }) => window);
    const logits = this.#model.forward(tape, tape.integers(windows.flat(), [windows.length, windows[0].length]), {
      lastOnly: true,
    });
    return [this.#draw.from(logits.slice, going)];
  }

  [Symbol.dispose](): void {
    this.#arena[Symbol.dispose]();
  }
}

/** Reads the logits back, and samples from them; keys and values of earlier positions are kept on the device. */
export class HostChooser implements TokenChooser {
  #model: TransformerLM;
  #group: readonly Sequence[];
  #draw: HostDraw;
  #logits: Slice;
  #steps: GenerationSteps;
  #memory: DisposableStack;

  constructor(model: TransformerLM, group: readonly Sequence[], capacity: number, sampler: Sampler) {
    const { device, dtype, config: { vocab_size } } = model;
    this.#model = model;
    this.#group = group;
    this.#draw = new HostDraw(model, group, sampler);
    using undo = new DisposableStack();
    this.#logits = undo.use(device.arena("logits")).alloc(group.length * vocab_size, dtype);
    this.#steps = undo.use(
      new GenerationSteps(
        model,
        group.length,
        capacity,
        (logits) => device.copy({ source: logits.slice, destination: this.#logits }),
      ),
    );
    this.#memory = undo.move();
  }

  choose({ isNew, going }: { isNew: boolean; going: ReadonlySet<Sequence> }): number[][] {
    const windows = this.#group.map(({ window }) => window);
    if (isNew) this.#steps.begin(windows);
    else {
      this.#model.device.upload(this.#steps.tokens.slice, Int32Array.from(windows, (window) => window.at(-1)!));
      this.#steps.next(windows[0].length - 1);
    }
    return [this.#draw.from(this.#logits, going)];
  }

  [Symbol.dispose](): void {
    this.#memory.dispose();
  }
}

/** One token for each sequence, sampled from logits that are read back. */
class HostDraw {
  #model: TransformerLM;
  #group: readonly Sequence[];
  #sampler: Sampler;
  #logits: Float32Array<ArrayBuffer>;

  constructor(model: TransformerLM, group: readonly Sequence[], sampler: Sampler) {
    this.#model = model;
    this.#group = group;
    this.#sampler = sampler;
    this.#logits = new Float32Array(group.length * model.config.vocab_size);
  }

  from(logits: Slice, going: ReadonlySet<Sequence>): number[] {
    const { device, config: { vocab_size } } = this.#model;
    device.download(logits, this.#logits);
    return this.#group.map((sequence, row) => {
      if (!going.has(sequence)) return 0;
      return this.#sampler.sample(this.#logits.subarray(row * vocab_size, (row + 1) * vocab_size), sequence.random);
    });
  }
}

/** Leaves everything on the device, and reads several rounds of tokens at once: more of them from call to call. */
export class DeviceChooser implements TokenChooser {
  #group: readonly Sequence[];
  #generation: DeviceGeneration;
  #rounds = 1;

  constructor(model: TransformerLM, group: readonly Sequence[], capacity: number, sampling: SamplingOptions) {
    this.#group = group;
    this.#generation = new DeviceGeneration(model, group.length, capacity, sampling);
  }

  choose({ isNew, most }: { isNew: boolean; most: number }): Int32Array[] {
    const group = this.#group;
    const count = Math.min(this.#rounds, most);
    const { length } = group[0].window;
    for (let round = 0; round < count; round++) {
      const draws = Float32Array.from(group, ({ random }) => random.uniform());
      if (isNew && round === 0) this.#generation.begin(group.map(({ window }) => window), draws);
      else this.#generation.next(length - 1 + round, draws);
    }
    this.#rounds = Math.min(2 * this.#rounds, DeviceGeneration.UNREAD);
    const tokens = this.#generation.read();
    return Array.from({ length: count }, (_, i) => tokens.subarray(i * group.length, (i + 1) * group.length));
  }

  [Symbol.dispose](): void {
    this.#generation[Symbol.dispose]();
  }
}
