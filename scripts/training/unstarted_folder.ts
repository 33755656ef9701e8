import { existsSync } from "node:fs";
import { holdsRun } from "../../lib/training/experiment_record.ts";

/**
 * Watches over a run's folder while data are prepared in it: disposed of, it removes the folder if that was not there
 * before and no run has begun in it, so that a refused or stopped task leaves nothing.
 */
export function unstartedFolder(folder: string): Disposable {
  const existed = existsSync(folder);
  return {
    [Symbol.dispose]() {
      if (!existed && existsSync(folder) && !holdsRun(folder)) Deno.removeSync(folder, { recursive: true });
    },
  };
}
