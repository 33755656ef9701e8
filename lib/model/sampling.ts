import type { Random } from "../tensor/random.ts";

/** How the next token is chosen from its logits. */
export interface SamplingOptions {
  /**
   * Divides the logits (handout, decoding): below 1 favours likely tokens, above 1 flattens. 0 is greedy: the likeliest
   * token, the lowest id where several tie; no random number is drawn. 1 if left out.
   */
  temperature?: number;
  /** Only the `topK` likeliest tokens may be chosen (of equal ones, the lower ids). Left out: all. */
  topK?: number;
  /**
   * Nucleus sampling (Holtzman et al., 2020): only the smallest set of likeliest tokens whose probabilities add up to
   * at least `topP` may be chosen. Counted after temperature and `topK`. 1, or left out: all.
   */
  topP?: number;
}

/**
 * Chooses tokens from logits; keeps its working memory from call to call.
 *
 * Draws one random number per token, so that the number drawn does not depend on the logits; equal logits and an equal
 * stream of random numbers choose equal tokens on every machine.
 *
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { Random } from "../tensor/random.ts";
 * const logits = new Float32Array([1, 3, 2]);
 * assertEquals(new Sampler({ temperature: 0 }).sample(logits, new Random(1)), 1);
 * assert(new Sampler({ topK: 2 }).sample(logits, new Random(1)) !== 0);
 * ```
 */
export class Sampler {
  readonly #temperature: number;
  readonly #topK: number;
  readonly #topP: number;
  #weights = new Float64Array(0);
  #candidates = new Uint32Array(0);
  #scratch = new Float32Array(0);

  /**
   * Checks the options.
   *
   * @throws {RangeError} If the temperature is negative or not finite, topK no whole number above 0, or topP not above
   * 0 and at most 1.
   */
  constructor(options: SamplingOptions = {}) {
    const { temperature = 1, topK = Infinity, topP = 1 } = options;
    if (!(temperature >= 0 && temperature < Infinity)) {
      throw new RangeError(
        `Cannot sample: temperature is ${temperature}; it must be 0 (always the likeliest token) or above`,
      );
    }
    if (topK !== Infinity && !(Number.isSafeInteger(topK) && topK >= 1)) {
      throw new RangeError(`Cannot sample: top-k is ${topK}; it must be a whole number of at least 1`);
    }
    if (!(topP > 0 && topP <= 1)) {
      throw new RangeError(`Cannot sample: top-p is ${topP}; it must be above 0 and at most 1`);
    }
    this.#temperature = temperature;
    this.#topK = topK;
    this.#topP = topP;
  }

  /**
   * Chooses one token.
   *
   * @param logits One number per id of the vocabulary.
   * @throws {RangeError} If a logit is NaN or Infinity, or all are -Infinity, as a model that has diverged gives them.
   */
  sample(logits: Float32Array, random: Random): number {
    const likeliest = largest(logits);
    if (this.#temperature === 0) return likeliest;
    this.#reserve(logits.length);
    const weights = this.#weights;
    const highest = logits[likeliest];
    let total = 0;
    let candidates = this.#topK < logits.length ? this.#likeliest(logits) : undefined;
    for (let i = 0; i < (candidates?.length ?? logits.length); i++) {
      const id = candidates ? candidates[i] : i;
      total += weights[id] = Math.exp((logits[id] - highest) / this.#temperature);
    }
    if (this.#topP < 1) {
      candidates = this.#nucleus(candidates, logits.length, total);
      total = 0;
      for (const id of candidates) total += weights[id];
    }
    const drawn = random.uniform() * total;
    let sum = 0;
    for (let i = 0; i < (candidates?.length ?? logits.length); i++) {
      const id = candidates ? candidates[i] : i;
      sum += weights[id];
      if (sum > drawn) return id;
    }
    // Reached where the product was rounded up to the total itself.
    return likeliest;
  }

  /** Ids of the topK largest logits, ascending; of those equal to the smallest chosen one, the lower ids. */
  #likeliest(logits: Float32Array): Uint32Array {
    const sorted = this.#scratch;
    sorted.set(logits);
    sorted.sort();
    const threshold = sorted[logits.length - this.#topK];
    let above = 0;
    for (const logit of logits) if (logit > threshold) above++;
    let equal = this.#topK - above;
    let count = 0;
    for (let id = 0; id < logits.length; id++) {
      if (logits[id] > threshold || (logits[id] === threshold && equal-- > 0)) this.#candidates[count++] = id;
    }
    return this.#candidates.subarray(0, count);
  }

  /** Ids of the nucleus, likeliest first. */
  #nucleus(among: Uint32Array | undefined, vocabSize: number, total: number): Uint32Array {
    const weights = this.#weights;
    const size = among?.length ?? vocabSize;
    // Tokens below this weight have less than 1 - topP together, so the nucleus is found among the others: few to sort.
    const cutoff = total * (1 - this.#topP) / size;
    let count = 0;
    for (let i = 0; i < size; i++) {
      const id = among ? among[i] : i;
      if (weights[id] >= cutoff) this.#candidates[count++] = id;
    }
    const sorted = this.#candidates.subarray(0, count).sort((a, b) => weights[b] - weights[a] || a - b);
    let sum = 0;
    for (let i = 0; i < count; i++) {
      sum += weights[sorted[i]];
      if (sum >= this.#topP * total) return sorted.subarray(0, i + 1);
    }
    return sorted;
  }

  #reserve(vocabSize: number): void {
    if (this.#weights.length === vocabSize) return;
    this.#weights = new Float64Array(vocabSize);
    this.#candidates = new Uint32Array(vocabSize);
    this.#scratch = new Float32Array(vocabSize);
  }
}

function largest(logits: Float32Array): number {
  let id = -1;
  let best = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    if (!(logits[i] < Infinity)) {
      throw new RangeError(
        `Cannot sample: the logit of token ${i} is ${logits[i]}; the model has diverged or its checkpoint is damaged`,
      );
    }
    if (logits[i] > best) {
      best = logits[i];
      id = i;
    }
  }
  if (id < 0) throw new RangeError(`Cannot sample: none of the ${logits.length} logits is above -Infinity`);
  return id;
}
