const PREFIX_BYTES = 6;

/**
 * The byte strings of the symbols of training: the 256 bytes, then one symbol per merge. Compares them in
 * lexicographic order, for which their first six bytes, kept as one number, nearly always suffice.
 */
export class SymbolBytes {
  readonly #bytes: Uint8Array[] = [];
  readonly #lengths: Int32Array;
  readonly #prefixes: Float64Array;

  /**
   * Starts with the 256 bytes.
   *
   * @param capacity How many symbols there can be.
   */
  constructor(capacity: number) {
    this.#lengths = new Int32Array(capacity);
    this.#prefixes = new Float64Array(capacity);
    for (let byte = 0; byte < 256; byte++) this.#push(Uint8Array.of(byte));
  }

  /** Length in bytes by symbol. */
  get lengths(): Int32Array {
    return this.#lengths;
  }

  /** The bytes of a symbol. */
  of(symbol: number): Uint8Array {
    return this.#bytes[symbol];
  }

  /** Adds the symbol that joins two others, and gives its number. */
  join(left: number, right: number): number {
    const bytes = new Uint8Array(this.#lengths[left] + this.#lengths[right]);
    bytes.set(this.#bytes[left]);
    bytes.set(this.#bytes[right], this.#lengths[left]);
    return this.#push(bytes);
  }

  /** Negative, 0 or positive as the bytes of `a` come before, equal or come after those of `b`. */
  compare(a: number, b: number): number {
    if (a === b) return 0;
    return this.#prefixes[a] - this.#prefixes[b] || compareBytes(this.#bytes[a], this.#bytes[b]);
  }

  #push(bytes: Uint8Array): number {
    const symbol = this.#bytes.length;
    let prefix = 0;
    for (let index = 0; index < PREFIX_BYTES; index++) prefix = prefix * 256 + (bytes[index] ?? 0);
    this.#bytes.push(bytes);
    this.#lengths[symbol] = bytes.length;
    this.#prefixes[symbol] = prefix;
    return symbol;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let index = 0; index < shorter; index++) if (a[index] !== b[index]) return a[index] - b[index];
  return a.length - b.length;
}
