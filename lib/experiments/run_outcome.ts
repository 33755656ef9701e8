import { z } from "zod";
import { AtomicFile } from "../data/atomic_write.ts";
import { isFile } from "../data/is_file.ts";
import { readJson } from "../data/read_json.ts";
import { CheckpointFolder } from "../training/checkpoint_folder.ts";
import { holdsRun } from "../training/experiment_record.ts";

/**
 * How a run ended: at its last step, or by diverging, which is a result too. Kept as outcome.json in the run's folder.
 */
export interface RunOutcome {
  /** Whether the loss stayed finite and below the limit. */
  state: "finished" | "diverged";
  /** The last step; of a diverged run, the one whose loss or gradient showed it. */
  step: number;
  /** Tokens trained on. */
  tokens: number;
  /** Wall-clock time of training and evaluating, without that between stop and resume. */
  seconds: number;
  /** The last validation loss, nats per token; of a diverged run, the last before. */
  validation_loss?: number;
  /** The same in bits per byte of text. */
  bits_per_byte?: number;
  /** Why it diverged. */
  reason?: string;
  /** The most memory of the device that was in use. */
  peak_bytes: number;
  /** When (ISO 8601). */
  ended: string;
}

const Outcome: z.ZodType<RunOutcome> = z.object({
  state: z.enum(["finished", "diverged"]),
  step: z.int().min(0),
  tokens: z.int().min(0),
  seconds: z.number().min(0),
  validation_loss: z.number().optional(),
  bits_per_byte: z.number().optional(),
  reason: z.string().optional(),
  peak_bytes: z.number().min(0),
  ended: z.string(),
});

/** Where a run stands. */
export type RunState =
  | { state: "new" }
  | { state: "begun"; step: number }
  | { state: "ended"; outcome: RunOutcome };

/**
 * Where the run of a folder stands: not begun, begun and stopped at a checkpoint, or ended.
 *
 * @throws {Error} If its outcome.json is damaged.
 */
export function runState(folder: string): RunState {
  const outcome = readOutcome(folder);
  if (outcome) return { state: "ended", outcome };
  if (!holdsRun(folder)) return { state: "new" };
  return { state: "begun", step: new CheckpointFolder(`${folder}/checkpoints`).latest()?.step ?? 0 };
}

/**
 * How the run of a folder ended, or undefined if it has not.
 *
 * @throws {Error} If its outcome.json is damaged.
 */
export function readOutcome(folder: string): RunOutcome | undefined {
  const path = outcomePath(folder);
  if (!isFile(path)) return undefined;
  return readJson(path, Outcome, "remove the file, and the run ends anew from its last checkpoint");
}

/** Keeps how a run ended; the last thing that is written of it. */
export function writeOutcome(folder: string, outcome: RunOutcome): void {
  using file = new AtomicFile(outcomePath(folder));
  file.write(new TextEncoder().encode(JSON.stringify(outcome, undefined, 2) + "\n"));
  file.commit();
}

function outcomePath(folder: string): string {
  return `${folder}/outcome.json`;
}
