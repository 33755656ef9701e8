import { type Ending, performRun } from "../../lib/experiments/perform_run.ts";
import type { PreparedText } from "../../lib/experiments/prepared_text.ts";
import {
  type DeviceName,
  generate,
  openDevice,
  STORY_SEPARATOR,
  Tokenizer,
  type TrainingConfig,
  type TransformerLM,
} from "../../mod.ts";
import { KERNEL_CACHE } from "../training/kernel_cache.ts";

/** What a Worker is told: to perform a run, or to stop the one it is at. */
export type Order =
  | {
    kind: "perform";
    folder: string;
    config: TrainingConfig;
    text: PreparedText;
    device: DeviceName;
    threads: number;
    command: string;
  }
  | { kind: "stop" };

/** What a Worker says. */
export type Word =
  | { kind: "progress"; tokens: number }
  | { kind: "ended"; ending: Ending }
  | { kind: "failed"; message: string };

// Text that a model writes at the end of its run, from the separator on: a document of its own.
const SAMPLE_TOKENS = 160;

let stop = new AbortController();

/** The part of a Worker's global scope that is used here; this project's types are those of the main thread. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Order>) => void;
  postMessage(word: Word): void;
};

scope.onmessage = async ({ data: order }) => {
  if (order.kind === "stop") return stop.abort();
  try {
    scope.postMessage({ kind: "ended", ending: await perform(order) });
  } catch (error) {
    scope.postMessage({ kind: "failed", message: describeFailure(error) });
  }
};

// What our own errors say is enough; of a defect, where it is counts more.
function describeFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message.startsWith("Cannot ") ? error.message : error.stack ?? error.message;
}

async function perform(
  { folder, config, text, device: name, threads, command }: Order & { kind: "perform" },
): Promise<Ending> {
  stop = new AbortController();
  const tokenizer = await Tokenizer.load(text.tokenizer);
  // A device of its own for each run, so that its memory is counted from zero.
  using device = openDevice(name, { threads, cuda: { kernelCache: KERNEL_CACHE } });
  return await performRun({
    ...{ folder, config, text, device, command },
    signal: stop.signal,
    onMetrics: ({ tokens }) => scope.postMessage({ kind: "progress", tokens }),
    onSample: (model) => sampleDocument(model, tokenizer),
  });
}

function sampleDocument(model: TransformerLM, tokenizer: Tokenizer): string {
  const separator = tokenizer.specialTokenToId(STORY_SEPARATOR)!;
  const options = { maxNewTokens: SAMPLE_TOKENS, temperature: 0.8, topP: 0.95, stopToken: separator };
  const ids = [...generate(model, [separator], options)];
  // Ids that the vocabulary lacks can be likely only before the model has learned anything.
  return tokenizer.decode(ids.filter((id) => id < tokenizer.vocabSize)).trim();
}
