import { existsSync } from "node:fs";
import { withoutTemporaryEnd } from "../../lib/data/temporary_neighbour.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { readSessions } from "../../lib/training/run_sessions.ts";

const DEMO_COMMAND = "deno task demo";

// All that a demo leaves in its folder.
const PARTS = [
  "config.json",
  "metrics.jsonl",
  "sessions.jsonl",
  "learning_curve.svg",
  "report.html",
  "checkpoints",
  "samples",
  "tokenizer",
  ".lock",
];

/**
 * Removes what an earlier demo has left in a folder, whole or stopped, so that another can take its place.
 *
 * @throws {Error} If there is anything else in the folder, or a run of another task; nothing is removed then.
 */
export function removeEarlierDemo(folder: string): void {
  if (!existsSync(folder)) return;
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name);
  const sessions = readSessions(folder);
  const foreign = names.find((name) => !PARTS.includes(withoutTemporaryEnd(name))) ??
    (sessions.length === 0 && holdsCheckpoint(folder) ? "a run that was not trained here" : undefined) ??
    sessions.map(({ command = "another task" }) => command).find((command) => !command.startsWith(DEMO_COMMAND));
  if (foreign !== undefined) {
    throw new Error(
      `Cannot put the demo into ${folder}: what is there is no earlier demo (${foreign}); give another folder with --out`,
    );
  }
  // The sessions last: killed on the way, what is left is still known for a demo's.
  for (const name of names.sort((a, b) => Number(a === "sessions.jsonl") - Number(b === "sessions.jsonl"))) {
    Deno.removeSync(`${folder}/${name}`, { recursive: true });
  }
}

function holdsCheckpoint(folder: string): boolean {
  const checkpoints = `${folder}/checkpoints`;
  return existsSync(checkpoints) && new CheckpointFolder(checkpoints).latest() !== undefined;
}
