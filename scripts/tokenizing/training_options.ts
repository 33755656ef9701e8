import { z } from "zod";
import { threadCount } from "../frame/thread_count.ts";

/** What tasks that train a tokenizer differ in. */
export interface TrainingDefaults {
  vocabSize: number;
  /** The tokenizer's folder. */
  out: string;
  /** Size of the built-in stories. */
  builtInBytes: number;
  /** Of the built-in stories. */
  seed: number;
}

/** Options that every task takes which trains a tokenizer, as fields of its schema. */
export function trainingOptions({ vocabSize, out, builtInBytes, seed }: TrainingDefaults) {
  return {
    vocabSize: z.int().min(257).default(vocabSize).describe("entries, special tokens and the 256 bytes included"),
    out: z.string().default(out).describe("folder for the tokenizer"),
    workers: threadCount.optional().describe("threads that count; default: all cores"),
    builtInBytes: z.number().positive().default(builtInBytes).describe("bytes of the built-in stories"),
    seed: z.int().default(seed).describe("seed of the built-in stories"),
  };
}
