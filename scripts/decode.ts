import { dirname } from "@std/path/dirname";
import { z } from "zod";
import { AtomicFile, openNpy, Tokenizer } from "../mod.ts";
import { differentFiles } from "./frame/agreement.ts";
import { outputFolder } from "./frame/output_folder.ts";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  tokenizer: z.string().describe("folder of the tokenizer that the text was encoded with"),
  input: z.string().describe(".npy file of token ids"),
  out: z.string().optional().describe("text file to write; default: print the text"),
  start: z.int().min(0).default(0).describe("first token to decode"),
  count: z.int().min(1).optional().describe("number of tokens; default: all that follow"),
});

const TOKENS_AT_A_TIME = 1 << 18;

await runScript({
  name: "decode",
  summary: "decodes a .npy file of token ids back into text",
  options: Options.superRefine(differentFiles("input", "out")),
  permissions: "tokenize",
  positional: ["input"],
  details: "Example: deno task decode runs/corpus.npy --tokenizer runs/my_tokenizer --count 100",
}, async ({ tokenizer: folder, input, out, start, count }, report) => {
  const tokenizer = await Tokenizer.load(folder);
  using ids = openNpy(input);
  if (!/^u?int/.test(ids.dtype)) {
    throw new TypeError(`Cannot decode ${input}: it holds ${ids.dtype}; expected token ids, which are integers`);
  }
  if (start > ids.length) {
    throw new RangeError(`Cannot decode from token ${start}: ${input} has ${ids.length}; try a smaller --start`);
  }
  const end = Math.min(ids.length, start + (count ?? Infinity));
  // Bytes, not text, go from block to block: a character may be cut between two of them.
  function* blocks(): Generator<Uint8Array> {
    for (let from = start; from < end; from += TOKENS_AT_A_TIME) {
      const block = ids.read(from, Math.min(TOKENS_AT_A_TIME, end - from));
      // What numpy makes of whole numbers unless told otherwise is int64.
      const isLong = block instanceof BigInt64Array || block instanceof BigUint64Array;
      yield tokenizer.decodeBytes(isLong ? Float64Array.from(block, Number) : block);
      report.progress({ phase: "decoding", done: from - start, total: end - start, unit: "tokens" });
    }
  }
  if (out === undefined) {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    let text = "";
    // Whoever reads gets it as it comes, and may have seen enough long before the end; JSON needs all of it.
    const take = (piece: string) => report.isJson ? text += piece : report.write(piece);
    for (const bytes of blocks()) take(decoder.decode(bytes, { stream: true }));
    take(decoder.decode());
    if (report.isJson) report.data("text", text);
    else report.say("");
    return;
  }
  const { signal } = report;
  using _folder = outputFolder(dirname(out));
  using output = new AtomicFile(out);
  for (const bytes of blocks()) {
    output.write(bytes);
    await new Promise((resolve) => setTimeout(resolve)); // lets a signal through
    signal.throwIfAborted();
  }
  output.commit();
  report.result("tokens", end - start);
  report.result("text written to", out);
});
