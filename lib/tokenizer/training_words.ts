import type { PretokenCounts } from "./pretoken_counts.ts";

/** What stands between two words in {@linkcode TrainingWords.symbols}. */
export const WORD_BORDER: number = -(2 ** 31);

const BLOCK_BITS = 4;
/** Counts below this are sorted by counting, the few others by comparison. */
const FREQUENT = 1 << 16;
const LONGEST = 2 ** 31 - 1;

/**
 * The distinct pre-tokens of two bytes or more as one array of symbols, a symbol a byte at first, with a border before
 * each word and after the last. Words lie in order of falling count, so words of one count are neighbours: a small
 * table of groups gives the count at any position, and the words that merges touch most lie together.
 */
export class TrainingWords {
  /** Bytes, and a {@linkcode WORD_BORDER} before each word and after the last. */
  readonly symbols: Int32Array<ArrayBuffer>;

  // Group g holds the positions from groupStart[g] on; blockGroup gives the group of the first position of each block
  // of 16 positions, from which a few steps lead to the group of any other.
  readonly #groupStart: Int32Array;
  readonly #groupCount: Float64Array;
  readonly #blockGroup: Int32Array;

  /**
   * Lays out the words of a table.
   *
   * @param counts The pre-tokens; not needed afterwards.
   * @throws {RangeError} If the distinct pre-tokens have 2^31 bytes or more.
   */
  constructor(counts: PretokenCounts) {
    const places = sortByFallingCount(counts);
    let length = 1;
    for (const place of places) length += counts.lengthAt(place) + 1;
    if (length > LONGEST) {
      throw new RangeError(
        `Cannot train: the distinct pre-tokens have ${length} bytes, 2^31 is the limit; train on a smaller part of the text`,
      );
    }
    const symbols = new Int32Array(length);
    symbols[0] = WORD_BORDER;
    const groupStart: number[] = [];
    const groupCount: number[] = [];
    let position = 1;
    for (const place of places) {
      const count = counts.countAt(place);
      if (count !== groupCount.at(-1)) {
        groupCount.push(count);
        groupStart.push(position);
      }
      counts.copyTo(place, symbols, position);
      position += counts.lengthAt(place);
      symbols[position++] = WORD_BORDER;
    }
    this.symbols = symbols;
    this.#groupStart = Int32Array.from([...groupStart, LONGEST]);
    this.#groupCount = Float64Array.from(groupCount);
    this.#blockGroup = new Int32Array((length >> BLOCK_BITS) + 1);
    for (let block = 0, group = 0; block < this.#blockGroup.length; block++) {
      while (this.#groupStart[group + 1] <= block << BLOCK_BITS) group++;
      this.#blockGroup[block] = group;
    }
  }

  /** How often the word that holds `position` occurs. */
  countAt(position: number): number {
    let group = this.#blockGroup[position >> BLOCK_BITS];
    while (this.#groupStart[group + 1] <= position) group++;
    return this.#groupCount[group];
  }
}

function sortByFallingCount(counts: PretokenCounts): Int32Array {
  const places = counts.mergeablePlaces();
  const rare = new Int32Array(FREQUENT + 1); // how many words have each count; then where the words of it go
  const frequent = places.filter((place) => counts.countAt(place) >= FREQUENT);
  frequent.sort((a, b) => counts.countAt(b) - counts.countAt(a));
  for (const place of places) {
    const count = counts.countAt(place);
    if (count < FREQUENT) rare[count]++;
  }
  let next = frequent.length;
  for (let count = FREQUENT - 1; count >= 0; count--) {
    next += rare[count];
    rare[count] = next - rare[count];
  }
  const sorted = new Int32Array(places.length);
  sorted.set(frequent);
  for (const place of places) {
    const count = counts.countAt(place);
    if (count < FREQUENT) sorted[rare[count]++] = place;
  }
  return sorted;
}
