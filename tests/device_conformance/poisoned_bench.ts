import { assertEquals } from "@std/assert";
import type { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { Workbench } from "./workbench.ts";

// A number of few bits, so that bfloat16 holds it too.
const POISON = -1232;

/** Places every slice somewhere within memory of its own, and knows whether what is around it has changed. */
export class PoisonedBench extends Workbench {
  #places: Random;
  #around: Slice[] = [];

  constructor(device: Device, seed: number) {
    super(device, seed);
    this.#places = new Random(seed);
  }

  override floats(values: readonly number[]): Slice {
    return this.#place(values.length, "f32", (length) => new Float32Array(length), values);
  }

  override integers(values: readonly number[]): Slice {
    return this.#place(values.length, "i32", (length) => new Int32Array(length), values);
  }

  /** Fails if anything next to a slice is not what it was. */
  assertUntouched(): void {
    for (const slice of this.#around) {
      const found = slice.dtype === "i32"
        ? this.device.download(slice, new Int32Array(slice.length))
        : this.device.download(slice);
      assertEquals(new Set(found), new Set([POISON]));
    }
  }

  #place(
    length: number,
    dtype: "f32" | "i32",
    make: (length: number) => Float32Array | Int32Array,
    values: readonly number[],
  ): Slice {
    const [before, behind] = [1 + this.#places.below(20), 1 + this.#places.below(40)];
    const all = this.arena.alloc(before + length + behind, dtype);
    const numbers = make(all.length).fill(POISON);
    numbers.set(values, before);
    this.device.upload(all, numbers);
    this.#around.push(all.sub(0, before), all.sub(before + length));
    return all.sub(before, length);
  }
}
