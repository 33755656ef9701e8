import { z } from "zod";

/**
 * One line of a run's metrics.jsonl: where training stood, and what was measured there. Training and evaluation write
 * lines of their own, so every measurement may be missing; a number that was not finite is null.
 */
export const Metrics = z.object({
  step: z.int().min(0).describe("optimizer steps done"),
  tokens: z.int().min(0).describe("tokens trained on so far"),
  seconds: z.number().min(0).describe("wall-clock time of training so far, without the time between stop and resume"),
  loss: z.number().nullable().optional().describe("mean training loss since the last line, nats per token"),
  learning_rate: z.number().optional().describe("learning rate of the last step"),
  gradient_norm: z.number().nullable().optional().describe("global norm of the last step's gradient before clipping"),
  tokens_per_second: z.number().optional().describe("training speed since the last line"),
  mfu: z.number().optional().describe("share of the device's peak FLOP/s that the model's own FLOPs use"),
  validation_loss: z.number().nullable().optional().describe("mean validation loss, nats per token"),
  perplexity: z.number().nullable().optional().describe("exp(validation_loss)"),
  bits_per_byte: z.number().nullable().optional().describe("validation loss in bits per byte of text"),
});

/** {@linkcode Metrics}, checked. */
export type Metrics = z.output<typeof Metrics>;

/**
 * Reads metrics.jsonl. A last line that a killed process left unfinished is passed over.
 *
 * @param path The file; one that does not exist yet has no lines.
 * @throws {Error} If another line is damaged.
 */
export function readMetrics(path: string): Metrics[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").slice(0, -1).map((line, i) => {
    const parsed = Metrics.safeParse(parseJson(line));
    if (parsed.success) return parsed.data;
    const { path: field, message } = parsed.error.issues[0];
    throw new Error(
      `Cannot read ${path}: line ${i + 1} is no line of metrics (${[...field, message].join(": ")}); ` +
        `remove it, or restore the file`,
    );
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
