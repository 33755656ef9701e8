import { AppendedFile } from "../data/appended_file.ts";
import { metricScalars } from "./metric_scalars.ts";
import type { Metrics } from "./metrics.ts";
import { restartEvent, scalarsEvent, versionEvent } from "./tensorboard_event.ts";
import { tfRecord } from "./tfrecord.ts";

const PREFIX = "events.out.tfevents.";
const SUFFIX = ".denolm";

/**
 * A run's metrics as an event file in its folder, which `tensorboard --logdir runs` shows while training goes on. There
 * is one such file: that of an earlier process is replaced, and readers that have it open are told to begin again.
 */
export class TensorboardFile implements Disposable {
  #file: AppendedFile;

  /**
   * Begins the file in place of an earlier one.
   *
   * @param folder The run's.
   * @param wallTime Seconds since 1970; newer files have newer names.
   */
  constructor(folder: string, wallTime: number) {
    for (const { name } of Array.from(Deno.readDirSync(folder))) {
      if (name.startsWith(PREFIX) && name.endsWith(SUFFIX)) Deno.removeSync(`${folder}/${name}`);
    }
    this.#file = new AppendedFile(`${folder}/${PREFIX}${String(Math.floor(wallTime)).padStart(10, "0")}${SUFFIX}`);
    this.#append(versionEvent(wallTime));
    this.#append(restartEvent(wallTime, 0));
  }

  /** Where the file is. */
  get path(): string {
    return this.#file.path;
  }

  /** Adds a line of metrics, measured at a time (seconds since 1970). */
  append(metrics: Metrics, wallTime: number): void {
    this.#append(scalarsEvent(wallTime, metrics.step, metricScalars(metrics)));
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }

  #append(event: Uint8Array): void {
    this.#file.append(tfRecord(event));
  }
}
