import { z } from "zod";
import { generateStories, Tokenizer, trainBpe } from "../mod.ts";
import { formatBytes } from "./frame/format.ts";
import { runScript } from "./frame/run_script.ts";

const SEPARATOR = "<|endoftext|>";

const Options = z.object({
  text: z.string().default("Once upon a time, Lily found a shiny red ball.").describe("text to encode and decode"),
  vocabSize: z.int().min(257).default(1000).describe("entries of the tokenizer"),
  bytes: z.number().positive().default(10e6).describe("size of the built-in stories"),
  seed: z.int().default(0).describe("seed of the built-in stories"),
  out: z.string().default("runs/demo").describe("folder for what it makes"),
});

await runScript({
  name: "demo",
  summary:
    "trains a tokenizer on built-in stories, then encodes, decodes and shows a text; needs no data and no network",
  options: Options,
  permissions: "demo",
}, async ({ text, vocabSize, bytes, seed, out }, report) => {
  await Deno.mkdir(out, { recursive: true });
  report.say(`1. A tokenizer: ${vocabSize} entries, trained on ${formatBytes(bytes)} of built-in, synthetic stories`);
  const { model, report: training } = await trainBpe({
    input: generateStories({ seed, bytes }),
    vocabSize,
    specialTokens: [SEPARATOR],
    onProgress: report.progress,
    signal: report.signal,
  });
  const tokenizer = Tokenizer.fromModel(model);
  await tokenizer.save(`${out}/tokenizer`, "gpt2");
  const decoder = new TextDecoder();
  const merges = model.merges.map(([left, right]) => decoder.decode(left) + decoder.decode(right));
  report.result("pre-tokens", training.pretokens);
  report.result("distinct pre-tokens", training.distinctPretokens);
  report.result("first merges", merges.slice(0, 12).map((merge) => JSON.stringify(merge)).join(" "));
  report.result("last merges", merges.slice(-6).map((merge) => JSON.stringify(merge)).join(" "));
  report.result("time", report.elapsed());

  report.say("\n2. A text as tokens");
  const ids = tokenizer.encode(text);
  const decoded = tokenizer.decode(ids);
  report.result("text", text);
  report.result("tokens", Array.from(ids, (id) => decoder.decode(tokenizer.idToBytes(id))).join("|"));
  report.result("ids", ids.join(" "));
  report.result("bytes per token", new TextEncoder().encode(text).length / ids.length);
  report.result("decoded is the same text", decoded === text);
  report.result("tokenizer written to", `${out}/tokenizer`);
});
