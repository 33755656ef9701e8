import { existsSync } from "node:fs";
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
  const foreign = names.find((name) => !PARTS.includes(name)) ??
    (names.includes("config.json") && sessions.length === 0 ? "a run that was not trained here" : undefined) ??
    sessions.map(({ command = "another task" }) => command).find((command) => !command.startsWith(DEMO_COMMAND));
  if (foreign !== undefined) {
    throw new Error(
      `Cannot put the demo into ${folder}: what is there is no earlier demo (${foreign}); give another folder with --out`,
    );
  }
  for (const name of names) Deno.removeSync(`${folder}/${name}`, { recursive: true });
}
