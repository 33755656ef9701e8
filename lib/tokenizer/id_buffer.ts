/** Ids whose room a buffer keeps for the next text. */
const KEPT = 1 << 20;

/**
 * Token ids in the making: a Uint32Array that grows by doubling. Whoever writes calls {@linkcode IdBuffer.reserve},
 * fills `ids` from `length` on, and sets `length`.
 */
export class IdBuffer {
  /** The ids; only the first `length` mean anything. {@linkcode IdBuffer.reserve} may replace the array. */
  ids: Uint32Array<ArrayBuffer>;
  /** How many ids there are. */
  length = 0;

  /**
   * Begins empty.
   *
   * @param capacity Ids to have room for at first.
   */
  constructor(capacity: number) {
    this.ids = new Uint32Array(capacity);
  }

  /** Makes room for `count` more ids. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.ids.length) return;
    const grown = new Uint32Array(Math.max(needed, 2 * this.ids.length));
    grown.set(this.ids.subarray(0, this.length));
    this.ids = grown;
  }

  /** Appends one id. */
  push(id: number): void {
    this.reserve(1);
    this.ids[this.length++] = id;
  }

  /**
   * The ids so far as an array that is the caller's; the buffer is empty afterwards. Few ids are copied and the room is
   * kept; many in room that they fill well are not, they go with their memory.
   */
  take(): Uint32Array<ArrayBuffer> {
    const isWellFilled = this.length > KEPT && this.length > this.ids.length >> 2;
    const taken = isWellFilled ? this.ids.subarray(0, this.length) : this.ids.slice(0, this.length);
    this.length = 0;
    if (this.ids.length > KEPT) this.ids = new Uint32Array(KEPT);
    return taken;
  }
}
