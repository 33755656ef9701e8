/**
 * A byte-level BPE vocabulary: what training produces, what the file formats read and write, and what a tokenizer is
 * built from.
 */
export interface BpeModel {
  /** Special tokens and their ids, in the order in which they were given. */
  readonly specialTokens: ReadonlyMap<string, number>;
  /**
   * The two byte strings that each merge joins, earliest (most important) merge first. The joined string is in
   * `vocabulary`.
   */
  readonly merges: readonly (readonly [Uint8Array, Uint8Array])[];
  /**
   * The bytes of every token by id, special tokens (as UTF-8) included. {@linkcode trainBpe} numbers the special tokens
   * first, then the 256 bytes in order, then the merges; vocabularies of other origin may be in any order.
   */
  readonly vocabulary: readonly Uint8Array[];
}
