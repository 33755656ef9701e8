// deno-lint-ignore-file no-console -- the figures are the output

/**
 * Generation, one token at a time, on the cpu device and in llama2.c with the same weights, in turns on the same
 * threads: tokens per second without the first token, whether both wrote the same greedy tokens, and the share of the
 * memory's bandwidth that is reached.
 *
 * Usage: deno run -A bench/generate_peers.ts [LLAMA2C] [ROUNDS] [THREADS]; LLAMA2C is the program built from
 * https://github.com/karpathy/llama2.c by `gcc -Ofast -march=native -fopenmp run.c -lm -o run`, or "-" for none.
 */

import { openDevice } from "../ffi/devices.ts";
import { generate } from "../lib/model/generate.ts";
import { TransformerLM } from "../lib/model/transformer_lm.ts";

const [llama2c = "-", rounds = "7", threadCount = `${navigator.hardwareConcurrency}`] = Deno.args;
const threads = Number(threadCount);

const shape = { vocab_size: 10_000, context_length: 256, num_layers: 4, d_model: 512, num_heads: 16, d_ff: 1344 };
// llama2.c begins every text with token 1.
const FIRST_TOKEN = 1;
const TOKENS = shape.context_length - 1;

interface Run {
  tokens: number[];
  tokensPerSecond: number;
}

using device = openDevice("cpu", { threads });
using model = new TransformerLM(device, shape, { trainable: false });

function ours(): Run {
  const tokens: number[] = [];
  let start = 0;
  for (const token of generate(model, [FIRST_TOKEN], { maxNewTokens: TOKENS, temperature: 0 })) {
    if (tokens.length === 0) start = performance.now();
    tokens.push(token);
  }
  return { tokens, tokensPerSecond: (tokens.length - 1) / (performance.now() - start) * 1000 };
}

async function peer(folder: string): Promise<Run> {
  const { stdout, stderr } = await new Deno.Command(llama2c, {
    args: [`${folder}/model.bin`, "-z", `${folder}/tokenizer.bin`, "-t", "0", "-n", `${shape.context_length}`],
    env: { OMP_NUM_THREADS: `${threads}` },
  }).output();
  const [text, messages] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  const speed = /achieved tok\/s: ([\d.]+)/.exec(messages)?.[1];
  if (speed === undefined) throw new Error(`Cannot measure llama2.c: it wrote no speed, but ${messages}`);
  return { tokens: (text.match(/\d+(?=,)/g) ?? []).map(Number), tokensPerSecond: Number(speed) };
}

// The checkpoint as llama2.c maps it (version 0): seven 32-bit integers, then the weights, each kind with all its
// layers together. A negative vocabulary size says that the head has weights of its own.
async function writeModel(path: string): Promise<void> {
  const { vocab_size, context_length, num_layers, d_model, num_heads, d_ff } = shape;
  using file = await Deno.create(path);
  const write = async (data: Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer>) => {
    const bytes = new Uint8Array(data.buffer);
    for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
  };
  await write(Int32Array.of(d_model, d_ff, num_layers, num_heads, num_heads, -vocab_size, context_length));
  const weights = (name: string) => device.download(model.parameters.named.get(name)!.weights);
  const layers = async (name: string) => {
    for (let i = 0; i < num_layers; i++) await write(weights(`layers.${i}.${name}.weight`));
  };
  await write(weights("token_embeddings.weight"));
  for (const name of ["ln1", "attn.q_proj", "attn.k_proj", "attn.v_proj", "attn.output_proj", "ln2"]) {
    await layers(name);
  }
  for (const name of ["ffn.w1", "ffn.w2", "ffn.w3"]) await layers(name);
  await write(weights("ln_final.weight"));
  // Room for the angles of the rotary embedding, which the program computes by itself.
  await write(new Float32Array(context_length * d_model / num_heads));
  await write(weights("lm_head.weight"));
}

// A vocabulary in which token 17 is the text "17,": the length of the longest text, then a score, a length and a text
// for each token.
async function writeTokenizer(path: string): Promise<void> {
  const texts = Array.from({ length: shape.vocab_size }, (_, id) => new TextEncoder().encode(`${id},`));
  const bytes = new Uint8Array(4 + texts.reduce((sum, text) => sum + 8 + text.length, 0));
  const view = new DataView(bytes.buffer);
  view.setInt32(0, Math.max(...texts.map((text) => text.length)), true);
  let place = 4;
  for (const text of texts) {
    view.setInt32(place + 4, text.length, true);
    bytes.set(text, place + 8);
    place += 8 + text.length;
  }
  await Deno.writeFile(path, bytes);
}

// Bytes per second at which all threads together read memory that no cache holds.
function readingSpeed(): number {
  using arena = device.arena("bandwidth");
  const x = arena.alloc(1 << 27, "f32"), out = arena.alloc(1, "f32");
  device.fill({ x, value: 1 });
  const seconds = Array.from({ length: 5 }, () => {
    const start = performance.now();
    device.sumOfSquares({ x, out, factor: 1 });
    return (performance.now() - start) / 1000;
  });
  return x.bytes / Math.min(...seconds);
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

const folder = await Deno.makeTempDir({ prefix: "generate_peers_" });
try {
  const contenders: [name: string, run: () => Run | Promise<Run>][] = [["cpu", ours]];
  if (llama2c !== "-") {
    await writeModel(`${folder}/model.bin`);
    await writeTokenizer(`${folder}/tokenizer.bin`);
    contenders.push(["llama2.c", () => peer(folder)]);
  }
  const speeds = contenders.map(() => [] as number[]);
  const texts: number[][] = [];
  for (let round = -1; round < Number(rounds); round++) {
    for (const [i, [, run]] of contenders.entries()) {
      const { tokens, tokensPerSecond } = await run();
      texts[i] = tokens;
      // The first round compiles and touches memory for the first time.
      if (round >= 0) speeds[i].push(tokensPerSecond);
    }
  }
  const medians = speeds.map(median);
  for (const [i, [name]] of contenders.entries()) {
    console.log(`${name}: ${medians[i].toFixed(0)} tokens/s, best ${Math.max(...speeds[i]).toFixed(0)}`);
  }
  if (llama2c !== "-") {
    const same = texts[0].findIndex((token, i) => token !== texts[1][i]);
    console.log(`of llama2.c: ${(medians[0] / medians[1]).toFixed(2)}`);
    console.log(same < 0 ? `the same ${texts[0].length} tokens` : `the same tokens up to token ${same}`);
  }
  // Every weight but the embedding is read for every token.
  const bytesPerToken = model.parameters.weights.bytes - 4 * shape.vocab_size * shape.d_model;
  const bandwidth = readingSpeed();
  console.log(
    `${(bytesPerToken / 2 ** 20).toFixed(0)} MiB of weights per token: ${
      (100 * bytesPerToken * medians[0] / bandwidth).toFixed(0)
    } % of the ${(bandwidth / 1e9).toFixed(1)} GB/s at which memory is read`,
  );
} finally {
  await Deno.remove(folder, { recursive: true });
}
