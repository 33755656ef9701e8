// deno-lint-ignore-file no-console -- the figures are the output
/**
 * Encoding speed on one thread with GPT-2's vocabulary: Tokenizer.encodeOrdinary() beside js-tiktoken and
 * gpt-tokenizer, and beside tiktoken and Hugging Face tokenizers where a Python has them, by turns in one run, so that
 * all meet the same machine; then Tokenizer.encodeFile() on all processors. The median of the rounds counts; the first
 * round, in which code is compiled and caches fill, does not. Fails if a peer's ids differ in number.
 *
 *     deno task bench:encode --input FILE [--megabytes 5] [--rounds 5] [--python python3] [--skip NAME]
 *
 * `--skip` leaves out a contender whose name begins so: js-tiktoken takes minutes for one pre-token of 30 kB.
 */
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { Tokenizer } from "../lib/tokenizer/tokenizer.ts";
import { gpt2Peer, gpt2RanksFile } from "../tests/tokenizer/js_tiktoken.ts";

// Named at run time and locked in dev.lock, so that it is no part of what a user's first command installs.
const GPT_TOKENIZER = "npm:gpt-tokenizer@4.0.0/encoding/r50k_base";
const gptTokenizer: { encode(text: string, options: { disallowedSpecial: Set<string> }): number[] } = await import(
  GPT_TOKENIZER
);

const PYTHON_PEERS = `
import base64, json, sys, time
folder, path = sys.argv[1:]
text = open(path, encoding="utf-8", newline="").read()
peers = {}
try:
    import tiktoken
    pairs = (line.split() for line in open(folder + "/tiktoken/tokenizer.tiktoken"))
    encoding = tiktoken.Encoding("gpt2", mergeable_ranks={base64.b64decode(t): int(r) for t, r in pairs}, special_tokens={},
        pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+")
    peers["tiktoken " + tiktoken.__version__] = lambda: len(encoding.encode_ordinary(text))
except ImportError:
    pass
try:
    import tokenizers
    loaded = tokenizers.Tokenizer.from_file(folder + "/huggingface/tokenizer.json")
    peers["tokenizers " + tokenizers.__version__] = lambda: len(loaded.encode(text, add_special_tokens=False).ids)
except ImportError:
    pass
print(json.dumps(list(peers)), flush=True)
for name in sys.stdin:
    start = time.perf_counter()
    tokens = peers[name.rstrip()]()
    print(json.dumps([time.perf_counter() - start, tokens]), flush=True)
`;

const Options = z.object({
  input: z.string("--input FILE is missing"),
  megabytes: z.coerce.number().positive().default(5),
  rounds: z.coerce.number().int().min(2).default(5),
  python: z.string().default("python3"),
  skip: z.string().optional(),
});

/** Encodes the text once; resolves to seconds and number of tokens. */
type Contender = () => Promise<[seconds: number, tokens: number]>;

const options = Options.parse(parseArgs(Deno.args, { string: ["input", "python", "skip"] }));
const folder = await Deno.makeTempDir({ prefix: "denolm_encode_" });
try {
  const { text, bytes } = await readStart(options.input, options.megabytes * 1e6);
  await Deno.writeTextFile(`${folder}/text`, text);
  await Deno.mkdir(`${folder}/tiktoken`);
  await Deno.writeTextFile(`${folder}/tiktoken/tokenizer.tiktoken`, gpt2RanksFile());
  const ours = await Tokenizer.load(`${folder}/tiktoken`);
  await ours.save(`${folder}/huggingface`, "huggingface");
  const jsTiktoken = gpt2Peer({ unicodeSpaces: true });
  const contenders = new Map<string, Contender>([
    ["denolm", timed((some) => ours.encodeOrdinary(some).length, text)],
    ["js-tiktoken", timed((some) => jsTiktoken.encode(some, [], []).length, text)],
    ["gpt-tokenizer", timed((some) => gptTokenizer.encode(some, { disallowedSpecial: new Set() }).length, text)],
  ]);
  const python = await startPython(options.python);
  for (const [name, contender] of python.contenders) contenders.set(name, contender);
  for (const name of contenders.keys()) {
    if (options.skip !== undefined && name.startsWith(options.skip)) contenders.delete(name);
  }

  const seconds = new Map<string, number[]>(Array.from(contenders.keys(), (name) => [name, []]));
  let tokens = 0;
  for (let round = 0; round < options.rounds; round++) {
    for (const [name, contender] of contenders) {
      const [time, count] = await contender();
      if (name === "denolm") tokens = count;
      // gpt-tokenizer uses JavaScript's own \s and may differ where U+0085 or U+FEFF stand in the text.
      if (count !== tokens && name !== "gpt-tokenizer") throw new Error(`${name} gives ${count} tokens, not ${tokens}`);
      if (round > 0) seconds.get(name)!.push(time);
    }
  }
  await python.stop();

  const speed = (name: string) => bytes / 1e6 / median(seconds.get(name)!);
  console.log(
    `${options.input}: ${(bytes / 1e6).toFixed(1)} MB, ${tokens} tokens; one thread, median of ${options.rounds - 1}`,
  );
  for (const name of contenders.keys()) {
    const ratio = speed("denolm") / speed(name);
    const verdict = name === "denolm" ? "" : `   denolm is ${ratio.toFixed(1)} times as fast`;
    console.log(
      `${name.padEnd(20)} ${speed(name).toFixed(1).padStart(7)} MB/s${verdict}`,
    );
  }
  for (const workers of new Set([1, navigator.hardwareConcurrency])) {
    const report = await ours.encodeFile(options.input, `${folder}/ids.npy`, { workers });
    const megabytes = report.bytes / 1e6 / report.seconds;
    console.log(
      `encodeFile(), the whole ${(report.bytes / 1e6).toFixed(1)} MB, ${report.workers} workers: ` +
        `${megabytes.toFixed(1)} MB/s, ${(report.tokens / 1e6 / report.seconds).toFixed(1)} million tokens/s`,
    );
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** The first characters of a file that make up at most `limit` bytes, and how many bytes those are. */
async function readStart(path: string, limit: number): Promise<{ text: string; bytes: number }> {
  const decoded = new TextDecoder().decode((await Deno.readFile(path)).subarray(0, limit));
  const text = decoded.endsWith("\ufffd") ? decoded.slice(0, -1) : decoded;
  return { text, bytes: new TextEncoder().encode(text).length };
}

// V8 drops the compiled code of functions that rest while others make garbage, so each turn begins with an untimed
// part.
function timed(encode: (text: string) => number, text: string): Contender {
  const part = text.slice(0, text.length / 4);
  return () => {
    encode(part);
    const start = performance.now();
    const tokens = encode(text);
    return Promise.resolve([(performance.now() - start) / 1000, tokens]);
  };
}

/** The peers that a Python has, in a process that encodes when it is told to. */
async function startPython(python: string): Promise<{ contenders: Map<string, Contender>; stop: () => Promise<void> }> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(python, {
      args: ["-c", PYTHON_PEERS, folder, `${folder}/text`],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`${python} is not there: without tiktoken and tokenizers`);
    return { contenders: new Map(), stop: () => Promise.resolve() };
  }
  const input = child.stdin.getWriter();
  const output = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let buffered = "";
  const readLine = async (): Promise<string> => {
    while (!buffered.includes("\n")) {
      const { value, done } = await output.read();
      if (done) throw new Error(`${python} ended; see above`);
      buffered += value;
    }
    const line = buffered.slice(0, buffered.indexOf("\n"));
    buffered = buffered.slice(line.length + 1);
    return line;
  };
  const names = z.array(z.string()).parse(JSON.parse(await readLine()));
  const contenders = new Map(names.map((name): [string, Contender] => [name, async () => {
    await input.write(new TextEncoder().encode(`${name}\n`));
    return z.tuple([z.number(), z.number()]).parse(JSON.parse(await readLine()));
  }]));
  const stop = async () => {
    await input.close();
    await output.cancel();
    await child.status;
  };
  return { contenders, stop };
}

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
