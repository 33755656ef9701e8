import { Arena } from "../../lib/tensor/arena.ts";
import type { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import type { Slice } from "../../lib/tensor/slice.ts";

/** Gives a case its inputs: the same numbers on every device, since they come from a seed. */
export class Workbench implements Disposable {
  readonly device: Device;
  readonly arena: Arena;
  #random: Random;

  constructor(device: Device, seed: number) {
    this.device = device;
    this.arena = device.arena("conformance");
    this.#random = new Random(seed);
  }

  /** Normal numbers, rounded to float32 so that all devices have exactly the same. */
  normal(length: number, scale = 1): Slice {
    return this.floats(Array.from({ length }, () => scale * this.#random.normal()));
  }

  /** The numbers given, as f32. */
  floats(values: readonly number[]): Slice {
    const slice = this.arena.alloc(values.length, "f32");
    this.device.upload(slice, Float32Array.from(values));
    return slice;
  }

  /** Integers in [0, bound). */
  below(bound: number, length: number): Slice {
    return this.integers(Array.from({ length }, () => this.#random.below(bound)));
  }

  /** The numbers given, as i32. */
  integers(values: readonly number[]): Slice {
    const slice = this.arena.alloc(values.length, "i32");
    this.device.upload(slice, Int32Array.from(values));
    return slice;
  }

  /** An output: holds NaN, so that an element nobody writes and a wrong read both show. */
  output(length: number): Slice {
    return this.floats(Array.from({ length }, () => NaN));
  }

  [Symbol.dispose](): void {
    this.arena[Symbol.dispose]();
  }
}

/** Runs operations on inputs of the workbench, and names the slices that count as the result. */
export type Case = (bench: Workbench) => Record<string, Slice>;
