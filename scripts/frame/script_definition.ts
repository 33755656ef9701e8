import type { z } from "zod";

/** What a task is: its name in deno.json, one sentence about it, and its options as a schema. */
export interface ScriptDefinition<Schema extends z.ZodObject = z.ZodObject> {
  /** The task's name; the script's file is scripts/NAME.ts. */
  name: string;
  /** One sentence, without the name: "trains a byte-level BPE tokenizer". */
  summary: string;
  /** The options; flags, checks, `--help` and the options in `--json` follow from it. */
  options: Schema;
  /** The permission set of deno.json that the task runs under; named where a permission is missing. */
  permissions: string;
  /** Flags that may be given in this order without their names; a repeatable one takes all words that are left. */
  positional?: readonly string[];
  /** More for `--help`: examples, what to expect. */
  details?: string;
}
