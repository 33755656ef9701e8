import { z } from "zod";
import { deviceNames } from "../ffi/devices.ts";
import { generateBatch } from "../lib/model/generate.ts";
import { loadModel, readTrainingState } from "../lib/training/checkpoint.ts";
import { dtypeAt } from "../lib/training/precision.ts";
import { atMostOneOf } from "./frame/agreement.ts";
import { runScript } from "./frame/run_script.ts";
import { threadCount } from "./frame/thread_count.ts";
import { checkSamples } from "./training/check_samples.ts";
import { gpuNumber, openComputing } from "./training/computing.ts";
import { checkpointOf, tokenizerOf } from "./training/open_run.ts";

const Options = z.object({
  prompt: z.string().default("").describe("text to continue; empty begins a new one"),
  run: z.string().default("runs/train").describe("a run's folder, whose newest checkpoint is used"),
  best: z.boolean().default(false).describe("use the run's best checkpoint instead"),
  checkpoint: z.string().optional().describe("a checkpoint file, instead of --run"),
  tokenizer: z.string().optional().describe(
    "folder of the tokenizer; default: the one that the model was trained with",
  ),
  maxNewTokens: z.int().min(1).default(256).describe("tokens to generate at most"),
  temperature: z.number().min(0).default(0.8).describe("0 always takes the likeliest token, higher varies more"),
  topP: z.number().positive().max(1).default(0.95).describe("share of the probability that tokens are chosen from"),
  topK: z.int().min(1).optional().describe("number of likeliest tokens that are chosen from; default: all"),
  seed: z.int().default(0).describe("seed of the choices"),
  samples: z.int().min(1).default(1).describe("texts to generate"),
  stop: z.string().default("<|endoftext|>").describe("special token that ends a text"),
  device: z.enum(deviceNames).default("auto").describe("where to compute"),
  precision: z.enum(["float32", "bfloat16"]).optional().describe(
    "format of products; default: as in training where the device stores it",
  ),
  threads: threadCount.optional().describe("threads of the cpu and blas devices; default: all cores"),
  gpu: gpuNumber,
});

await runScript({
  name: "generate",
  summary: "writes text with a trained model (problem generate)",
  options: Options.superRefine(atMostOneOf("best", "checkpoint")),
  permissions: "generate",
  positional: ["prompt"],
  details: "Example: deno task generate 'Once upon a time' --run runs/mine --temperature 0.5 --samples 3",
}, async (options, report) => {
  const path = options.checkpoint ?? checkpointOf(options.run, options.best);
  const state = readTrainingState(path);
  const tokenizer = await tokenizerOf(state, path, options.tokenizer);
  if (!tokenizer) throw new Error("Cannot write text: the run names no tokenizer; give --tokenizer DIR");
  const stopToken = tokenizer.specialTokenToId(options.stop);
  const prompt = options.prompt === "" && stopToken !== undefined ? [stopToken] : tokenizer.encode(options.prompt);

  using device = openComputing({ ...options, cuda: { device: options.gpu } }, report);
  const precision = options.precision ?? (device.dtypes.includes("bf16") ? state.config.precision : undefined);
  using model = loadModel(device, path, { dtype: dtypeAt(device, precision) });
  const { maxNewTokens, temperature, topP, topK, seed, samples } = options;
  checkSamples(model, samples, prompt.length + maxNewTokens);
  const prompts = Array.from({ length: samples }, () => prompt);
  const generated = generateBatch(model, prompts, { maxNewTokens, temperature, topP, topK, seed, stopToken });
  // Bytes of a character may come with several tokens: each text has a decoder that holds them back until it is whole.
  const texts = prompts.map(() => ({ text: options.prompt, decoder: new TextDecoder("utf-8", { ignoreBOM: true }) }));
  // One text appears as it is written; several, which are written at the same time, when they are done.
  const streams = samples === 1;
  if (streams) report.write(options.prompt);
  let tokens = 0;
  const start = performance.now();
  for (const { sequence, token } of generated) {
    tokens++;
    // A model with more ids than the tokenizer may choose one of those; there is nothing to show for it.
    if (token >= tokenizer.vocabSize) continue;
    const piece = texts[sequence].decoder.decode(tokenizer.idToBytes(token), { stream: true });
    texts[sequence].text += piece;
    if (streams) report.write(piece);
  }
  const seconds = (performance.now() - start) / 1000;
  for (const one of texts) {
    const rest = one.decoder.decode();
    one.text += rest;
    if (streams) report.write(rest);
  }
  if (streams) report.say("\n");
  else for (const { text } of texts) report.say(`${text}\n`);
  report.data("texts", texts.map(({ text }) => text));
  if (stopToken === undefined) {
    report.note(`the tokenizer has no special token ${options.stop}: a text ends after --max-new-tokens only.`);
  }
  report.result("checkpoint", path);
  report.result("device", device.name);
  report.result("tokens generated", tokens);
  report.result("tokens per second", tokens / seconds);
});
