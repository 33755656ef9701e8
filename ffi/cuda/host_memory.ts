import type { Driver } from "./driver.ts";

/** Memory of this program with the address that C sees, for what takes pointers within structures. */
export interface HostMemory {
  /** The memory. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where it lies; it stays there. */
  readonly address: bigint;
}

/**
 * Memory that is not pinned.
 *
 * @throws {Deno.errors.NotCapable} Without permission for ffi as a whole: Deno gives addresses to nobody else.
 */
export function hostMemory(bytes: number): HostMemory {
  const memory = new Uint8Array(bytes);
  return { bytes: memory, address: Deno.UnsafePointer.value(Deno.UnsafePointer.of(memory)) };
}

// At least a page of the system's memory, which is pinned whole: 4 KiB, and 64 KiB on some machines with ARM
// processors.
const PAGE_BYTES = 64 << 10;

/**
 * Pinned memory: the GPU copies from it while the program goes on. It is an ordinary ArrayBuffer that the driver was
 * told to pin (cuMemHostRegister), so that a program with permission for a few libraries only, to whom Deno gives no
 * addresses, learns this one from the driver.
 *
 * Where a driver does not pin memory of programs (some containers), it is left as it is: copies then take it at once.
 */
export class PinnedMemory implements HostMemory, Disposable {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly address: bigint;
  /** False where the driver would not pin it. */
  readonly pinned: boolean;
  readonly #driver: Driver;

  /** Pins memory; a context must be current. */
  constructor(driver: Driver, bytes: number) {
    this.#driver = driver;
    // With a page to spare on both sides, so that no page is pinned of which another piece of memory has a part: a page
    // cannot be pinned twice, and two devices may be open at once.
    this.bytes = new Uint8Array(PAGE_BYTES + bytes + PAGE_BYTES).subarray(PAGE_BYTES, PAGE_BYTES + bytes);
    this.pinned = driver.pin(this.bytes);
    if (addressesPermitted()) {
      this.address = Deno.UnsafePointer.value(Deno.UnsafePointer.of(this.bytes));
      return;
    }
    const address = this.pinned ? driver.addressOfPinned(this.bytes) : undefined;
    if (address === undefined) {
      this[Symbol.dispose]();
      throw new Error(
        "Cannot use CUDA here with permission for its libraries alone: the driver does not pin memory, and Deno tells " +
          "addresses only with permission for all libraries; run with --allow-ffi",
      );
    }
    this.address = address;
  }

  /** A part of it, for a use of its own. */
  part(start: number, bytes: number): HostMemory {
    return { bytes: this.bytes.subarray(start, start + bytes), address: this.address + BigInt(start) };
  }

  /** Gives the memory back; copies from it must have ended. */
  [Symbol.dispose](): void {
    if (this.pinned) this.#driver.ended(() => this.#driver.unpin(this.bytes));
  }
}

function addressesPermitted(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).state === "granted";
}
