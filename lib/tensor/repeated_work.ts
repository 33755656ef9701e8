import type { Device, Recording } from "./device.ts";

/**
 * Work on a device that is the same every time, on the same memory: the first time its operations are queued one by
 * one, which also compiles and reserves what they need; the second time they are recorded, on a device that can; from
 * then on one call replays them. The results are the same bits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using arena = device.arena("example");
 * const x = arena.alloc(1, "f32");
 * device.fill({ x, value: 1 });
 * using doubling = new RepeatedWork(device, () => device.scale({ x, out: x, factor: 2 }));
 * for (let i = 0; i < 5; i++) doubling.run();
 * assertEquals(device.download(x)[0], 32);
 * ```
 */
export class RepeatedWork implements Disposable {
  #device: Device;
  #work: () => void;
  #hasRun = false;
  #recording: Recording | undefined;

  /**
   * Takes the work, and runs nothing yet.
   *
   * @param work Calls operations on memory that stays where it is. What changes from time to time lies in device memory
   * and is written before; nothing is uploaded, downloaded or reserved within.
   */
  constructor(device: Device, work: () => void) {
    this.#device = device;
    this.#work = work;
  }

  /** Does the work once more. */
  run(): void {
    if (!this.#hasRun || !this.#device.records) {
      this.#work();
      this.#hasRun = true;
      return;
    }
    this.#recording ??= this.#device.record(this.#work);
    this.#recording.replay();
  }

  /** Frees the recording. */
  [Symbol.dispose](): void {
    this.#recording?.[Symbol.dispose]();
    this.#recording = undefined;
  }
}
