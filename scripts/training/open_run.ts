import { dirname } from "@std/path/dirname";
import { isFile } from "../../lib/data/is_file.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { Tokenizer, type TrainingState } from "../../mod.ts";
import { pathInRun } from "./moved_run.ts";
import { tokenizerHash } from "./tokenizer_hash.ts";

/**
 * The checkpoint of a run that other tasks work with: the newest, or the best.
 *
 * @throws {Error} If there is none.
 */
export function checkpointOf(run: string, best: boolean): string {
  try {
    const checkpoints = new CheckpointFolder(`${run}/checkpoints`);
    const path = best ? checkpoints.bestPath : checkpoints.latest()?.path;
    if (path !== undefined && Deno.statSync(path).isFile) return path;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
  }
  if (isFile(run)) {
    throw new Error(
      `Cannot use ${run}: it has no checkpoint, it is a file; give a run's folder, or --checkpoint ${run}`,
    );
  }
  throw new Error(
    `Cannot use ${run}: it has no ${best ? "best " : ""}checkpoint; ` +
      (best ? "leave out --best" : "train a model first (deno task train), or give --run"),
  );
}

/**
 * The tokenizer that a checkpoint's model was trained with, if it names one.
 *
 * @param checkpoint The checkpoint's file, in the folder of its run.
 * @param folder Where it is now, if not where the checkpoint says.
 * @throws {Error} If it is another than the model was trained with.
 */
export async function tokenizerOf(
  state: TrainingState,
  checkpoint: string,
  folder?: string,
): Promise<Tokenizer | undefined> {
  const said = state.config.tokenizer;
  const path = folder ?? (said && pathInRun(said, dirname(dirname(checkpoint))));
  if (path === undefined) return undefined;
  const tokenizer = await Tokenizer.load(path);
  if (state.tokenizer_sha256 === undefined || state.tokenizer_sha256 === await tokenizerHash(tokenizer)) {
    return tokenizer;
  }
  throw new Error(`Cannot use the tokenizer in ${path}: the model was trained with another; give that one`);
}
