import { existsSync } from "node:fs";
import { claimFolder } from "../../lib/experiments/claim.ts";
import { holdsRun } from "../../lib/training/experiment_record.ts";
import { outputFolder } from "../frame/output_folder.ts";

/**
 * Has a run's folder for this process alone, so that no other prepares its data there at the same time. Disposed of, it
 * removes the folder if that was not there before and no run has begun in it, so that a refused or stopped task leaves
 * nothing.
 *
 * @throws {Error} If another process has it, or it may not be written.
 */
export function unstartedFolder(folder: string): Disposable {
  const existed = existsSync(folder);
  using undo = new DisposableStack();
  undo.use(outputFolder(folder));
  const claim = claimFolder(folder);
  if (!claim) {
    throw new Error(`Cannot train in ${folder}: another process works on this run; wait for it, or give another name`);
  }
  undo.use(claim);
  undo.defer(() => {
    if (existed || holdsRun(folder)) return;
    for (const { name } of Array.from(Deno.readDirSync(folder))) {
      Deno.removeSync(`${folder}/${name}`, { recursive: true });
    }
  });
  return undo.move();
}
