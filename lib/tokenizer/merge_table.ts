import type { BpeModel } from "./bpe_model.ts";
import { bytesToUnicode } from "./byte_to_unicode.ts";

/** A slot's four numbers: the pair of ids, the rank of its merge, and the id of what it joins to. */
const SLOT = 4;
const EMPTY = -1;
/** Far more than any vocabulary has: ids lie in arrays of signed 32-bit numbers. */
const MAX_TOKENS = 1 << 27;
/** A rank and a position of 32 bits make one number in the heap of `PretokenMerger`: 53 bits are exact. */
const MAX_MERGES = 1 << 20;

/**
 * The merges of a tokenizer by pair of ids: which pairs merge, in which order, to what. Two flat arrays, so that it
 * passes to a Worker at the price of a copy.
 */
export class MergeTable {
  /** The id of each single byte. */
  readonly byteIds: Int32Array<ArrayBuffer>;
  readonly #slots: Int32Array<ArrayBuffer>;
  readonly #mask: number;
  /** What `find` gives for the ids of two bytes, by left byte * 256 + right byte: where every pre-token begins. */
  readonly #bytePairs = new Int32Array(1 << 16).fill(EMPTY);
  readonly #byteOfId: ReadonlyMap<number, number>;

  /** Takes over arrays as {@linkcode MergeTable.parts} gives them; {@linkcode MergeTable.fromModel} makes them. */
  constructor({ byteIds, slots }: MergeTableParts) {
    this.byteIds = byteIds;
    this.#slots = slots;
    this.#mask = slots.length / SLOT - 1;
    this.#byteOfId = new Map(Array.from(byteIds, (id, byte) => [id, byte]));
    for (let at = 0; at < slots.length; at += SLOT) if (slots[at] !== EMPTY) this.#noteBytes(at);
  }

  /** A table without merges yet, for at most `merges` of them. */
  static withRoomFor(merges: number, byteIds: Int32Array<ArrayBuffer>): MergeTable {
    let capacity = 16;
    while (capacity < merges * 2) capacity *= 2;
    return new MergeTable({ byteIds, slots: new Int32Array(capacity * SLOT).fill(EMPTY) });
  }

  /**
   * Looks up the ids of a model's bytes and merges.
   *
   * @throws {RangeError} If a byte, a merge's part or its product is not in the vocabulary, two ids hold the same
   * bytes, or a pair is given twice.
   */
  static fromModel(model: BpeModel): MergeTable {
    const { merges, vocabulary } = model;
    if (vocabulary.length > MAX_TOKENS) {
      throw new RangeError(
        `Cannot use this vocabulary: it has ${vocabulary.length} tokens, at most ${MAX_TOKENS} are supported`,
      );
    }
    if (merges.length > MAX_MERGES) {
      throw new RangeError(
        `Cannot use this vocabulary: it has ${merges.length} merges, at most ${MAX_MERGES} are supported`,
      );
    }
    const idOf = idsByBytes(model);
    const byteIds = Int32Array.from({ length: 256 }, (_, byte) => {
      const id = idOf.get(keyOf(new Uint8Array([byte])));
      if (id === undefined) {
        throw new RangeError(
          `Cannot use this vocabulary: it has no token for byte ${byte}; a byte-level tokenizer needs all 256`,
        );
      }
      return id;
    });
    const table = MergeTable.withRoomFor(merges.length, byteIds);
    for (const [rank, [left, right]] of merges.entries()) {
      const [leftKey, rightKey] = [keyOf(left), keyOf(right)];
      const ids = [leftKey, rightKey, leftKey + rightKey].map((key) => idOf.get(key));
      const missing = ids.indexOf(undefined);
      if (missing >= 0) {
        const what = ["its left part", "its right part", "the token it makes"][missing];
        throw new RangeError(
          `Cannot use merge ${rank + 1}, ${describe(left)} + ${describe(right)}: ${what} is not in the vocabulary; ` +
            `take the vocabulary and the merges of one tokenizer`,
        );
      }
      if (!table.add(ids[0]!, ids[1]!, rank, ids[2]!)) {
        throw new RangeError(`Cannot use merge ${rank + 1}, ${describe(left)} + ${describe(right)}: it is given twice`);
      }
    }
    return table;
  }

  /** The arrays that a Worker needs to build the same table. */
  get parts(): MergeTableParts {
    return { byteIds: this.byteIds, slots: this.#slots };
  }

  /**
   * Adds a merge.
   *
   * @param rank The place in the order of merges; lower merges earlier.
   * @returns Whether it was added: false if the pair merges already.
   */
  add(left: number, right: number, rank: number, product: number): boolean {
    if (this.find(left, right) >= 0) return false;
    let slot = hashOf(left, right) & this.#mask;
    while (this.#slots[slot * SLOT] !== EMPTY) slot = (slot + 1) & this.#mask;
    this.#slots.set([left, right, rank, product], slot * SLOT);
    this.#noteBytes(slot * SLOT);
    return true;
  }

  /** A handle for {@linkcode rank} and {@linkcode product} of the merge of two ids, or -1 if they do not merge. */
  find(left: number, right: number): number {
    const slots = this.#slots;
    const mask = this.#mask;
    // At most half of the slots are taken, so that every chain ends at an empty one.
    for (let slot = hashOf(left, right) & mask;; slot = (slot + 1) & mask) {
      const at = slot * SLOT;
      const found = slots[at];
      if (found === left && slots[at + 1] === right) return at;
      if (found === EMPTY) return -1;
    }
  }

  /** The same as {@linkcode find} for the ids of two bytes. */
  findBytes(left: number, right: number): number {
    return this.#bytePairs[left << 8 | right];
  }

  /** The rank of a merge that {@linkcode find} found: lower merges earlier. */
  rank(handle: number): number {
    return this.#slots[handle + 2];
  }

  /** The id of what a merge that {@linkcode find} found joins to. */
  product(handle: number): number {
    return this.#slots[handle + 3];
  }

  #noteBytes(handle: number): void {
    const left = this.#byteOfId.get(this.#slots[handle]);
    const right = this.#byteOfId.get(this.#slots[handle + 1]);
    if (left !== undefined && right !== undefined) this.#bytePairs[left << 8 | right] = handle;
  }
}

/** What a {@linkcode MergeTable} is made of. */
export interface MergeTableParts {
  /** The id of each single byte. */
  byteIds: Int32Array<ArrayBuffer>;
  /** Open addressing: left id (-1: empty), right id, rank, product. */
  slots: Int32Array<ArrayBuffer>;
}

function hashOf(left: number, right: number): number {
  const mixed = Math.imul(left, 0x9e3779b1) + Math.imul(right, 0x85ebca6b);
  return mixed ^ (mixed >>> 15);
}

/** Bytes as a string of code units below 256: a key for a Map. */
function keyOf(bytes: Uint8Array): string {
  let key = "";
  for (const byte of bytes) key += String.fromCharCode(byte);
  return key;
}

function describe(bytes: Uint8Array): string {
  return JSON.stringify(bytesToUnicode(bytes));
}

/** A special token gives its bytes an id only where no ordinary token has them. */
function idsByBytes({ vocabulary, specialTokens }: BpeModel): Map<string, number> {
  const special = new Set(specialTokens.values());
  const idOf = new Map<string, number>();
  for (const [id, bytes] of vocabulary.entries()) {
    if (special.has(id)) continue;
    const key = keyOf(bytes);
    const other = idOf.get(key);
    if (other !== undefined) {
      throw new RangeError(`Cannot use this vocabulary: ids ${other} and ${id} both hold ${describe(bytes)}`);
    }
    idOf.set(key, id);
  }
  for (const id of special) {
    const key = keyOf(vocabulary[id]);
    if (!idOf.has(key)) idOf.set(key, id);
  }
  return idOf;
}
