import { z } from "zod";
import { readJsonLines } from "./json_lines.ts";

/** A process that worked on a run: one line of sessions.jsonl. The first began the run, the others resumed it. */
export interface RunSession {
  /** When, in ISO 8601. */
  started: string;
  /** Optimizer steps that were done before. */
  step: number;
  /** Wall-clock time of training before. */
  seconds: number;
  /** Name of the device that it computed on: "cpu". */
  device: string;
  /** What the device says of itself: instructions, threads, library. */
  description: string;
  /** Operating system, architecture, and Deno's version. */
  system: string;
  /** Parameters of the model. */
  parameters: number;
  /** The command line that started it, where the caller told. */
  command?: string;
}

const Session: z.ZodType<RunSession> = z.object({
  started: z.string(),
  step: z.int().min(0),
  seconds: z.number().min(0),
  device: z.string(),
  description: z.string(),
  system: z.string(),
  parameters: z.int().min(0),
  command: z.string().optional(),
});

/**
 * The sessions of a run, oldest first.
 *
 * @param folder The run's; one that has none yet gives an empty list.
 * @throws {Error} If a line is damaged.
 */
export function readSessions(folder: string): RunSession[] {
  return readJsonLines(`${folder}/sessions.jsonl`, Session, "session of a run");
}
