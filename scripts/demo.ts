import { z } from "zod";
import {
  type Device,
  generate,
  generateStories,
  openDevice,
  parseTrainingConfig,
  TokenDataset,
  Tokenizer,
  train,
  trainBpe,
  type TransformerLM,
} from "../mod.ts";
import { formatBytes, formatNumber } from "../lib/data/amounts.ts";
import { taskCommand } from "./frame/command_line.ts";
import { outputFolder } from "./frame/output_folder.ts";
import type { Report } from "./frame/report.ts";
import { runScript } from "./frame/run_script.ts";
import { removeEarlierDemo } from "./training/earlier_demo.ts";
import { tokenizerHash } from "./training/tokenizer_hash.ts";
import { threadCount } from "./frame/thread_count.ts";

const SEPARATOR = "<|endoftext|>";
const VALIDATION_SHARE = 0.05;

const Options = z.object({
  text: z.string().default("Once upon a time, Lily found a shiny red submarine.").describe("text to encode and decode"),
  prompt: z.string().default("Once upon a time").describe("how the generated story begins"),
  vocabSize: z.int().min(257).default(3000).describe("entries of the tokenizer"),
  bytes: z.number().min(1e5).default(10e6).describe("bytes of the built-in stories"),
  steps: z.int().min(1).default(1500).describe("optimizer steps of the model"),
  threads: threadCount.optional().describe("threads of the model; default: all cores"),
  seed: z.int().default(0).describe("seed of the stories, the model and the generated text"),
  out: z.string().default("runs/demo").describe("folder for what it makes; an earlier demo in it is replaced"),
});
type Options = z.output<typeof Options>;

await runScript({
  name: "demo",
  summary: "trains a tokenizer and a small model on built-in stories and lets it write; needs no data and no network",
  options: Options,
  permissions: "demo",
}, async (options, report) => {
  removeEarlierDemo(options.out);
  using _folder = outputFolder(options.out);
  const tokenizer = await trainTokenizer(options, report);
  showTokens(tokenizer, options.text, report);
  await trainModel(tokenizer, options, report);
});

async function trainTokenizer({ vocabSize, bytes, seed, out }: Options, report: Report): Promise<Tokenizer> {
  report.say(
    `1. A tokenizer: ${formatNumber(vocabSize)} entries, on ${formatBytes(bytes)} of built-in, synthetic stories`,
  );
  const { model, report: training } = await trainBpe({
    input: generateStories({ seed, bytes }),
    vocabSize,
    specialTokens: [SEPARATOR],
    onProgress: report.progress,
    signal: report.signal,
  });
  const tokenizer = Tokenizer.fromModel(model);
  await tokenizer.save(tokenizerFolder(out), "gpt2");
  const decoder = new TextDecoder();
  const merges = model.merges.map(([left, right]) => JSON.stringify(decoder.decode(left) + decoder.decode(right)));
  report.result("pre-tokens", training.pretokens);
  report.result("distinct pre-tokens", training.distinctPretokens);
  report.result("first merges", merges.slice(0, 12).join(" "));
  report.result("last merges", merges.slice(-6).join(" "));
  report.duration("time of the tokenizer", report.seconds());
  return tokenizer;
}

function showTokens(tokenizer: Tokenizer, text: string, report: Report): void {
  report.say("\n2. A text as tokens");
  const decoder = new TextDecoder();
  const ids = tokenizer.encode(text);
  report.result("text", text);
  report.result("tokens", Array.from(ids, (id) => decoder.decode(tokenizer.idToBytes(id))).join("|"));
  report.result("ids", ids.join(" "));
  report.result("bytes per token", new TextEncoder().encode(text).length / ids.length);
  report.result("decoded is the same text", tokenizer.decode(ids) === text);
}

/** Where the tokenizer lies in the run's folder, as in that of any run. */
function tokenizerFolder(out: string): string {
  return `${out}/tokenizer`;
}

async function trainModel(tokenizer: Tokenizer, options: Options, report: Report): Promise<void> {
  const { bytes, seed, steps, out, prompt } = options;
  const ids = joined(tokenizer.encodeIterable(generateStories({ seed, bytes })));
  const border = Math.floor(ids.length * (1 - VALIDATION_SHARE));
  const { vocabSize } = tokenizer;
  const config = parseTrainingConfig({
    model: { vocab_size: vocabSize, context_length: 128, num_layers: 4, d_model: 128, num_heads: 4 },
    optimizer: { max_learning_rate: 4e-3 },
    batch_size: 4,
    steps,
    log_every: Math.max(1, Math.floor(steps / 20)),
    eval_every: Math.max(1, Math.floor(steps / 4)),
    eval_batches: 8,
    checkpoint_every: steps,
    sample_every: steps,
    seed,
    tokenizer: tokenizerFolder(out),
  });
  using device: Device = openDevice("cpu", options.threads === undefined ? {} : { threads: options.threads });
  report.say(
    `\n3. A Transformer on ${formatNumber(ids.length)} tokens of these stories, on ${device.backend.description}`,
  );
  let story = "";
  using trained = await train({
    config,
    device,
    data: TokenDataset.fromIds(ids.subarray(0, border), { vocabSize }),
    validation: TokenDataset.fromIds(ids.subarray(border), { vocabSize }),
    folder: out,
    tokenizerHash: await tokenizerHash(tokenizer),
    command: taskCommand("demo", Deno.args),
    onProgress: report.progress,
    signal: report.signal,
    onMetrics: ({ step, loss, validation_loss }) => {
      const [name, value] = loss === undefined ? ["validation loss", validation_loss] : ["loss", loss];
      report.say(`step ${String(step).padStart(4)} of ${steps}  ${name} ${value?.toFixed(3)}`);
    },
    onSample: (model) => story = write(model, tokenizer, prompt, seed),
  });
  if (trained.interrupted) throw new Error(`Stopped by a signal after step ${trained.step} of ${steps}.`);
  report.result("parameters", trained.model.parameters.weights.length);
  report.result("loss of a model that knows nothing", Math.log(vocabSize));
  report.result("training loss", trained.loss);
  report.result("validation loss", trained.evaluation?.loss ?? null);
  report.duration("time of training", trained.seconds);
  report.result("tokens per second", Math.round(trained.tokens / trained.seconds));

  report.say("\n4. What it writes");
  report.result("generated", story);
  report.say("");
  const { writeRunReport } = await import("../lib/plot/run_report.ts");
  await writeRunReport(out, "Demo: a small model on built-in stories");
  report.result("run written to", out);
  report.result("learning curve", `${out}/learning_curve.svg`);
  report.result("page about the run", `${out}/report.html`);
  report.result("more of its stories", taskCommand("generate", [prompt, "--run", out]));
  report.note(
    "the stories are made by a grammar, which is far easier to learn than real text; deno task data tinystories gets that.",
  );
}

function write(model: TransformerLM, tokenizer: Tokenizer, prompt: string, seed: number): string {
  const start = tokenizer.encode(`${SEPARATOR}\n${prompt}`); // as every story begins
  const options = {
    maxNewTokens: 300,
    temperature: 0.6,
    topP: 0.9,
    seed,
    stopToken: tokenizer.specialTokenToId(SEPARATOR),
  };
  return prompt + tokenizer.decode([...generate(model, start, options)]);
}

function joined(pieces: Iterable<Uint32Array>): Uint32Array {
  const all = [...pieces];
  const ids = new Uint32Array(all.reduce((sum, piece) => sum + piece.length, 0));
  let position = 0;
  for (const piece of all) {
    ids.set(piece, position);
    position += piece.length;
  }
  return ids;
}
