import { dirname } from "@std/path/dirname";
import { z } from "zod";
import { Tokenizer } from "../mod.ts";
import { differentFiles } from "./frame/agreement.ts";
import { outputFolder } from "./frame/output_folder.ts";
import { runScript } from "./frame/run_script.ts";
import { threadCount } from "./frame/thread_count.ts";
import { checkTexts } from "./tokenizing/check_texts.ts";
import { pipedText } from "./tokenizing/piped_text.ts";

const Options = z.object({
  tokenizer: z.string().describe(
    "folder of a tokenizer: vocab.json and merges.txt, tokenizer.json, or tokenizer.tiktoken",
  ),
  input: z.string().describe("text file in UTF-8, or packed (.gz), or - for the standard input"),
  out: z.string().describe("the .npy file to write: uint16 ids, or uint32 above 65,536 entries"),
  specialToken: z.array(z.string()).default([]).describe("text that is one token, besides those of the tokenizer"),
  workers: threadCount.optional().describe("threads; default: all cores, one for what comes through a pipe"),
});

await runScript({
  name: "encode",
  summary: "encodes a text file into a .npy file of token ids",
  options: Options.superRefine(differentFiles("input", "out")),
  permissions: "tokenize",
  positional: ["input"],
  details: [
    "Example: deno task encode corpus.txt --tokenizer runs/my_tokenizer --out runs/corpus.npy",
    "Another: zstdcat corpus.zst | deno task encode - --tokenizer runs/my_tokenizer --out runs/corpus.npy",
  ].join("\n"),
}, async ({ tokenizer: folder, input, out, specialToken, workers }, report) => {
  const tokenizer = await Tokenizer.load(folder, { specialTokens: specialToken });
  const piped = pipedText(input, report.signal);
  if (!piped) await checkTexts([input]);
  using _folder = outputFolder(dirname(out));
  const start = performance.now();
  const { bytes, tokens } = await tokenizer.encodeFile(piped ?? input, out, {
    workers,
    onProgress: report.progress,
    signal: report.signal,
  });
  const seconds = (performance.now() - start) / 1000;
  report.result("bytes", bytes);
  report.result("tokens", tokens);
  report.result("bytes per token", tokens > 0 ? bytes / tokens : null);
  report.duration("time", seconds);
  report.result("speed", bytes / 1e6 / seconds, "MB/s");
  report.result("ids written to", out);
});
