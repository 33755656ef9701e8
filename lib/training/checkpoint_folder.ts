import { existsSync } from "node:fs";
import { writeError } from "../data/disk_full_error.ts";

/** A checkpoint in a run's folder. */
export interface CheckpointFile {
  /** Optimizer steps done in it. */
  step: number;
  /** Where it is. */
  path: string;
}

const NAME = /^step-(\d+)\.safetensors$/;

/**
 * The checkpoints of a run: step-N.safetensors, of which the newest are kept, and best.safetensors, the one with the
 * lowest validation loss, which is a second name of a file where the file system has that, and else a copy.
 */
export class CheckpointFolder {
  /** The folder. */
  readonly path: string;

  /** Looks into a folder that exists. */
  constructor(path: string) {
    this.path = path;
  }

  /** Where the checkpoint of a step is, or will be. */
  pathOf(step: number): string {
    return `${this.path}/step-${String(step).padStart(8, "0")}.safetensors`;
  }

  /** Where the best checkpoint is, once one has been named. */
  get bestPath(): string {
    return `${this.path}/best.safetensors`;
  }

  /** All checkpoints by step, oldest first. */
  list(): CheckpointFile[] {
    return Array.from(Deno.readDirSync(this.path), ({ name }) => NAME.exec(name))
      .filter((match) => match !== null)
      .map((match) => ({ step: Number(match[1]), path: `${this.path}/${match[0]}` }))
      .sort((a, b) => a.step - b.step);
  }

  /** The newest checkpoint, if there is one. */
  latest(): CheckpointFile | undefined {
    return this.list().at(-1);
  }

  /** Names the checkpoint of a step the best. */
  markBest(step: number): void {
    const temporary = `${this.bestPath}.${Deno.pid}.tmp`;
    // One that is left would be a name of another checkpoint, into which a copy would be written.
    if (existsSync(temporary)) Deno.removeSync(temporary);
    try {
      Deno.linkSync(this.pathOf(step), temporary);
    } catch {
      // Some file systems have no second names, and some sandboxes do not allow them.
      this.#copy(step, temporary);
    }
    Deno.renameSync(temporary, this.bestPath);
    // Nothing is renamed where both are names of one file, as when this checkpoint is the best already.
    if (existsSync(temporary)) Deno.removeSync(temporary);
  }

  #copy(step: number, to: string): void {
    try {
      Deno.copyFileSync(this.pathOf(step), to);
    } catch (error) {
      if (existsSync(to)) Deno.removeSync(to);
      throw writeError(this.bestPath, error);
    }
  }

  /** Removes all but the newest `keep` checkpoints; the best stays under its own name. */
  prune(keep: number): void {
    for (const { path } of this.list().slice(0, -keep)) Deno.removeSync(path);
  }
}
