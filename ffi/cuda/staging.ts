import type { Driver } from "./driver.ts";
import type { HostMemory } from "./host_memory.ts";

// So many copies may be on their way at a time. A training step makes three (inputs, targets, rates): the host can be
// five steps ahead of the GPU.
const SLOTS = 16;

/**
 * Copies to the GPU that the program does not wait for. A copy leaves from a slot of pinned memory, and an event behind
 * it in the stream says when the slot may be written again; only then does the program wait, if it is that far ahead.
 */
export class Staging implements Disposable {
  /** Bytes that it needs. */
  static readonly BYTES = SLOTS * 256 * 1024;
  readonly #driver: Driver;
  readonly #stream: bigint;
  readonly #slots: readonly Uint8Array<ArrayBuffer>[];
  // The event behind the last copy from each slot; none before the first.
  readonly #copied: bigint[] = [];
  #next = 0;

  /** Takes `memory`, of at least `Staging.BYTES`, for copies on a stream. */
  constructor(driver: Driver, stream: bigint, memory: HostMemory) {
    this.#driver = driver;
    this.#stream = stream;
    const slotBytes = Staging.BYTES / SLOTS;
    this.#slots = Array.from({ length: SLOTS }, (_, i) => memory.bytes.subarray(i * slotBytes, (i + 1) * slotBytes));
  }

  /**
   * Queues a copy to the device.
   *
   * @param to Device address.
   * @param bytes How many.
   * @param write Writes the bytes from `start` on into `piece`; called for piece after piece, before this returns.
   */
  upload(to: number, bytes: number, write: (piece: Uint8Array<ArrayBuffer>, start: number) => void): void {
    const driver = this.#driver;
    const slotBytes = this.#slots[0].length;
    for (let start = 0; start < bytes; start += slotBytes) {
      const index = this.#next;
      this.#next = (index + 1) % SLOTS;
      if (this.#copied[index] === undefined) this.#copied[index] = driver.createEvent({ timing: false });
      else driver.waitFor(this.#copied[index]);
      const length = Math.min(slotBytes, bytes - start);
      const piece = this.#slots[index].subarray(0, length);
      write(piece, start);
      const code = driver.symbols.cuMemcpyHtoDAsync_v2(BigInt(to + start), piece, BigInt(length), this.#stream);
      driver.check("cuMemcpyHtoD", code, { bytes: length });
      driver.check("cuEventRecord", driver.symbols.cuEventRecord(this.#copied[index], this.#stream));
    }
  }

  /** Frees the events; copies must have ended. */
  [Symbol.dispose](): void {
    const driver = this.#driver;
    for (const event of this.#copied) driver.ended(() => driver.destroyEvent(event));
    this.#copied.length = 0;
  }
}
