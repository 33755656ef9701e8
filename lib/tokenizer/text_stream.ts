import { type ByteEncoder, ENCODER_PADDING } from "./encode_bytes.ts";
import { IdBuffer } from "./id_buffer.ts";

/** Small enough that the text stays in the second-level cache, large enough that a piece's fixed costs vanish. */
const PIECE = 1 << 15;
const REPLACEMENT = new TextEncoder().encode("\ufffd");
/** UTF-8 bytes of a UTF-16 code unit, at most. */
const BYTES_PER_UNIT = 3;

/**
 * Encodes text that comes in pieces, strings or UTF-8 bytes, cut anywhere. What a piece leaves open is kept and joined
 * to the next one: the part of a character, a pre-token or a special token that it ends in. Memory does not grow with
 * the text, only with its longest pre-token.
 */
export class TextStream {
  /** The ids that are decided and not yet taken. */
  readonly output: IdBuffer = new IdBuffer(PIECE);
  readonly #encoder: ByteEncoder;
  readonly #withSpecialTokens: boolean;
  readonly #textEncoder = new TextEncoder();
  // The text in bytes[start..end) is not encoded yet. What a try left open is tried again when as much again has come,
  // so that a pre-token of any length costs linear time.
  #bytes = new Uint8Array(2 * BYTES_PER_UNIT * PIECE);
  #start = 0;
  #end = 0;
  #worthwhile = 0;
  #highSurrogate = "";

  /**
   * Begins a text.
   *
   * @param encoder Encodes the bytes; streams may share it.
   * @param withSpecialTokens Whether special tokens are recognized, or encoded as ordinary text.
   */
  constructor(encoder: ByteEncoder, withSpecialTokens: boolean) {
    this.#encoder = encoder;
    this.#withSpecialTokens = withSpecialTokens;
  }

  /** Adds a piece of text. Lone surrogates become U+FFFD; a pair may be cut between two strings. */
  push(piece: string | Uint8Array): void {
    if (typeof piece === "string") this.#pushString(this.#highSurrogate + piece);
    else {
      this.#flushSurrogate();
      this.#pushBytes(piece);
    }
  }

  /** Ends the text: all that was left open is decided. The stream is ready for another text. */
  finish(): void {
    this.#flushSurrogate();
    this.#encode(true);
  }

  #pushString(text: string): void {
    const length = text.length - (isHighSurrogate(text, text.length - 1) ? 1 : 0);
    this.#highSurrogate = text.slice(length);
    for (let from = 0; from < length;) {
      let to = Math.min(length, from + PIECE);
      if (to < length && isHighSurrogate(text, to - 1)) to--;
      this.#makeRoom(BYTES_PER_UNIT * (to - from));
      const { written } = this.#textEncoder.encodeInto(text.slice(from, to), this.#bytes.subarray(this.#end));
      this.#end += written;
      this.#encode(false);
      from = to;
    }
  }

  #pushBytes(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length; from += PIECE) {
      const piece = bytes.subarray(from, from + PIECE);
      this.#makeRoom(piece.length);
      this.#bytes.set(piece, this.#end);
      this.#end += piece.length;
      this.#encode(false);
    }
  }

  #flushSurrogate(): void {
    if (this.#highSurrogate === "") return;
    this.#highSurrogate = "";
    this.#pushBytes(REPLACEMENT);
  }

  /** Makes room for `count` bytes after `end`. */
  #makeRoom(count: number): void {
    if (this.#end + count + ENCODER_PADDING <= this.#bytes.length) return;
    const open = this.#bytes.subarray(this.#start, this.#end);
    const needed = open.length + count + ENCODER_PADDING;
    if (needed > this.#bytes.length) this.#bytes = new Uint8Array(2 * needed);
    this.#bytes.set(open);
    this.#start = 0;
    this.#end = open.length;
  }

  #encode(isFinal: boolean): void {
    if (!isFinal && this.#end - this.#start < this.#worthwhile) return;
    this.#start = this.#withSpecialTokens
      ? this.#encoder.encode(this.#bytes, this.#start, this.#end, isFinal, this.output)
      : this.#encoder.encodeOrdinary(this.#bytes, this.#start, this.#end, isFinal, this.output);
    this.#worthwhile = 2 * (this.#end - this.#start);
  }
}

function isHighSurrogate(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800;
}
