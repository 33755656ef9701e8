// deno-lint-ignore-file no-console -- the figures are the output
/**
 * Training time of trainBpe() and of Hugging Face tokenizers on the same file, by turns in one run, so that both meet
 * the same machine. Each run is a process of its own with cold code; its start is not counted, for both.
 *
 *     deno run -A bench/train_bpe_peers.ts --input FILE --vocab-size 32000 [--rounds 3] [--python python3]
 *
 * Needs a Python with `tokenizers`; without one it says so and times trainBpe() alone.
 */
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";

const TRAIN_HERE = `
import { trainBpe } from ${JSON.stringify(new URL("../lib/tokenizer/train_bpe.ts", import.meta.url).href)};
const [input, vocabSize] = Deno.args;
const start = performance.now();
await trainBpe({ input, vocabSize: Number(vocabSize), specialTokens: ["<|endoftext|>"] });
console.log((performance.now() - start) / 1000);
`;

const TRAIN_TOKENIZERS = `
import sys, time
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
trainer = trainers.BpeTrainer(vocab_size=int(sys.argv[2]), special_tokens=["<|endoftext|>"], show_progress=False,
                              initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
start = time.perf_counter()
tokenizer.train([sys.argv[1]], trainer)
print(time.perf_counter() - start)
`;

const Options = z.object({
  input: z.string(),
  vocabSize: z.coerce.number().int().default(32_000),
  rounds: z.coerce.number().int().min(1).default(3),
  python: z.string().default("python3"),
});

const { input, "vocab-size": vocabSize, rounds, python } = parseArgs(Deno.args, { string: ["input"] });
const options = Options.parse({ input, vocabSize, rounds, python });

const size = Deno.statSync(options.input).size;
console.log(`${options.input}: ${(size / 1e6).toFixed(1)} MB, vocabulary ${options.vocabSize}`);
const ours: number[] = [];
const theirs: number[] = [];
for (let round = 1; round <= options.rounds; round++) {
  const here = seconds(Deno.execPath(), ["eval", "--no-lock", "--ext=ts", TRAIN_HERE]);
  if (here === undefined) Deno.exit(1);
  ours.push(here);
  const there = seconds(options.python, ["-c", TRAIN_TOKENIZERS]);
  if (there !== undefined) theirs.push(there);
  console.log(`round ${round}: denolm ${here.toFixed(2)} s, tokenizers ${there?.toFixed(2) ?? "not installed"} s`);
}
if (theirs.length > 0) {
  const ratio = median(theirs) / median(ours);
  console.log(
    `median: denolm ${median(ours).toFixed(2)} s, tokenizers ${median(theirs).toFixed(2)} s: ${ratio.toFixed(1)} times`,
  );
}

/** Runs a trainer that prints its seconds; undefined if it cannot run. */
function seconds(command: string, args: readonly string[]): number | undefined {
  try {
    const run = new Deno.Command(command, { args: [...args, options.input, String(options.vocabSize)] }).outputSync();
    const output = new TextDecoder().decode(run.stdout).trim();
    if (run.success) return Number(output);
    console.error(new TextDecoder().decode(run.stderr).trim());
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
