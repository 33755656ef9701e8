import { z } from "zod";
import { readJsonLines } from "./json_lines.ts";

/**
 * One line of a run's metrics.jsonl: where training stood, and what was measured there. Training and evaluation write
 * lines of their own, so every measurement may be missing; a number that was not finite is null.
 */
export interface Metrics {
  /** Optimizer steps done. */
  step: number;
  /** Tokens trained on so far. */
  tokens: number;
  /** Wall-clock time of training so far, without the time between stop and resume. */
  seconds: number;
  /** Mean training loss since the last line, nats per token. */
  loss?: number | null;
  /** Learning rate of the last step. */
  learning_rate?: number;
  /** Global norm of the last step's gradient before clipping. */
  gradient_norm?: number | null;
  /** Training speed since the last line. */
  tokens_per_second?: number;
  /** Share of the device's peak FLOP/s that the model's own FLOPs use. */
  mfu?: number;
  /** Mean validation loss, nats per token. */
  validation_loss?: number | null;
  /** exp(validation_loss). */
  perplexity?: number | null;
  /** Validation loss in bits per byte of text. */
  bits_per_byte?: number | null;
}

const Line: z.ZodType<Metrics> = z.object({
  step: z.int().min(0),
  tokens: z.int().min(0),
  seconds: z.number().min(0),
  loss: z.number().nullable().optional(),
  learning_rate: z.number().optional(),
  gradient_norm: z.number().nullable().optional(),
  tokens_per_second: z.number().optional(),
  mfu: z.number().optional(),
  validation_loss: z.number().nullable().optional(),
  perplexity: z.number().nullable().optional(),
  bits_per_byte: z.number().nullable().optional(),
});

/**
 * Reads metrics.jsonl. A last line that a killed process left unfinished is passed over.
 *
 * @param path The file; one that does not exist yet has no lines.
 * @throws {Error} If another line is damaged.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync({ suffix: ".jsonl" });
 * Deno.writeTextFileSync(path, '{"step":10,"tokens":640,"seconds":1.5,"loss":4.2}\n{"step":20,"tok');
 * assertEquals(readMetrics(path), [{ step: 10, tokens: 640, seconds: 1.5, loss: 4.2 }]);
 * Deno.removeSync(path);
 * ```
 */
export function readMetrics(path: string): Metrics[] {
  return readJsonLines(path, Line, "line of metrics");
}
