/**
 * A seeded stream of random numbers: xoshiro128** (Blackman and Vigna, 2021), its state filled from the seed by
 * SplitMix32. The same seed gives the same numbers on every machine; the state is four integers that a checkpoint
 * keeps.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const random = new Random(42);
 * random.uniform();
 * const copy = Random.fromState(random.state());
 * assertEquals(copy.uniform(), random.uniform());
 * ```
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /**
   * Starts the stream of a seed.
   *
   * @param seed Any safe integer; all of its 53 bits count.
   * @throws {RangeError} If it is none.
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) {
      throw new RangeError(`Cannot start random numbers: the seed is ${seed}; it must be a whole number below 2^53`);
    }
    let counter = (seed ^ Math.imul(Math.floor(seed / 4294967296), 0x9e3779b9)) | 0;
    const next = () => {
      counter = (counter + 0x9e3779b9) | 0;
      let mixed = counter ^ (counter >>> 16);
      mixed = Math.imul(mixed, 0x21f0aaad);
      mixed ^= mixed >>> 15;
      mixed = Math.imul(mixed, 0x735a2d97);
      return mixed ^ (mixed >>> 15);
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    this.#d = next();
  }

  /**
   * A stream that goes on exactly where `state()` was taken.
   *
   * @throws {RangeError} If these are not four words that a stream can have.
   */
  static fromState(state: readonly number[]): Random {
    const isState = state.length === 4 && state.every((word) => Number.isInteger(word) && word >= 0 && word < 2 ** 32);
    // From zeros alone only zeros follow, for ever.
    if (!isState || state.every((word) => word === 0)) {
      throw new RangeError(
        `Cannot restore the random state: expected four integers below 2^32, not all 0, got ${JSON.stringify(state)}`,
      );
    }
    const random = new Random(0);
    [random.#a, random.#b, random.#c, random.#d] = state.map((word) => word | 0) as [number, number, number, number];
    return random;
  }

  /** The four 32-bit words that continue this stream. */
  state(): number[] {
    return [this.#a >>> 0, this.#b >>> 0, this.#c >>> 0, this.#d >>> 0];
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    const scrambled = Math.imul(this.#b, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = (this.#d << 11) | (this.#d >>> 21);
    return result >>> 0;
  }

  /** A uniform number in [0, 1) with 53 random bits. */
  uniform(): number {
    return ((this.uint32() >>> 5) * 67108864 + (this.uint32() >>> 6)) / 9007199254740992;
  }

  /**
   * A uniform integer in [0, bound), without bias, for `bound` from 1 to 2^32.
   *
   * @throws {RangeError} If the bound is another.
   */
  below(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 4294967296) {
      throw new RangeError(`Cannot draw an integer: bound is ${bound}; it must be an integer from 1 to 2^32`);
    }
    const rejected = 4294967296 % bound;
    for (;;) {
      const drawn = this.uint32();
      if (drawn >= rejected) return drawn % bound;
    }
  }

  /** A normal number with mean 0 and standard deviation 1 (Box and Muller's polar form, one of the pair used). */
  normal(): number {
    for (;;) {
      const x = 2 * this.uniform() - 1;
      const y = 2 * this.uniform() - 1;
      const square = x * x + y * y;
      if (square > 0 && square < 1) return x * Math.sqrt(-2 * Math.log(square) / square);
    }
  }

  /**
   * A normal number (mean 0, deviation 1) drawn again until it lies within `limit` deviations.
   *
   * @throws {RangeError} If the limit is not above 0.
   */
  truncatedNormal(limit: number): number {
    if (!(limit > 0)) {
      throw new RangeError(`Cannot draw a normal number: the limit is ${limit}; it must be a number above 0`);
    }
    for (;;) {
      const drawn = this.normal();
      if (Math.abs(drawn) <= limit) return drawn;
    }
  }
}
