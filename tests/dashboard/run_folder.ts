import type { Metrics } from "../../lib/training/metrics.ts";
import type { TokenizerFormat } from "../../lib/tokenizer/tokenizer_folder.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { trainBpe } from "../../lib/tokenizer/train_bpe.ts";

/** A run as training leaves it, to be looked at. */
export interface RunFiles {
  config?: unknown;
  metrics?: readonly Metrics[];
  /** Text by step. */
  samples?: Readonly<Record<number, string>>;
}

/** Writes a run's folder, which is made. */
export function writeRun(folder: string, { config = { steps: 40 }, metrics = [], samples = {} }: RunFiles = {}): void {
  for (const name of ["samples", "checkpoints"]) Deno.mkdirSync(`${folder}/${name}`, { recursive: true });
  Deno.writeTextFileSync(`${folder}/config.json`, JSON.stringify(config));
  Deno.writeTextFileSync(`${folder}/metrics.jsonl`, "");
  appendMetrics(folder, ...metrics);
  for (const [step, text] of Object.entries(samples)) {
    Deno.writeTextFileSync(`${folder}/samples/step-${step.padStart(8, "0")}.txt`, text);
  }
}

/** Adds lines to a run's metrics, as a process that trains does. */
export function appendMetrics(folder: string, ...metrics: readonly Metrics[]): void {
  const lines = metrics.map((line) => JSON.stringify(line) + "\n").join("");
  Deno.writeTextFileSync(`${folder}/metrics.jsonl`, lines, { append: true });
}

/** Lines of a loss that falls, every ten steps. */
export function fallingLoss(steps: number, from = 5): Metrics[] {
  return Array.from({ length: steps / 10 }, (_, i) => {
    const step = 10 * (i + 1);
    return {
      ...{ step, tokens: 64 * step, seconds: step / 100, loss: from - step / 100 },
      ...{ learning_rate: 1e-3, gradient_norm: 0.5, tokens_per_second: 6400 },
    };
  });
}

/** Trains a small tokenizer into a folder. */
export async function writeTokenizer(
  folder: string,
  format: TokenizerFormat = "gpt2",
  specialToken = "<|endoftext|>",
): Promise<void> {
  const text = new TextEncoder().encode(`the cat and the hat and the bat${specialToken}\n`.repeat(20));
  const { model } = await trainBpe({ input: [text], vocabSize: 270, specialTokens: [specialToken] });
  await Tokenizer.fromModel(model).save(folder, format);
}
