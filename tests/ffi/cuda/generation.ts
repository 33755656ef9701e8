import { assert, assertEquals, assertThrows } from "@std/assert";
import { generate, generateBatch, type GenerationOptions } from "../../../lib/model/generate.ts";
import { TransformerLM } from "../../../lib/model/transformer_lm.ts";
import { Device, type Recording } from "../../../lib/tensor/device.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";

const config = { vocab_size: 19, context_length: 150, num_layers: 2, d_model: 16, num_heads: 2, d_ff: 24 };

interface Path {
  /** Whether logits are read back and sampled on the host. */
  onHost?: boolean;
  dtype?: "f32" | "bf16";
  change?: Partial<typeof config> & { num_kv_heads?: number; qk_norm?: boolean };
}

// Tokens for each prompt, and how many times a recording was replayed.
function made(
  emulation: Emulation,
  prompts: readonly number[][],
  options: GenerationOptions,
  { onHost = false, dtype = "f32", change = {} }: Path = {},
): { tokens: number[][]; replays: number } {
  const backend = emulation.open();
  if (onHost) Object.defineProperty(backend, "sample", { value: undefined });
  let replays = 0;
  const record = backend.record!;
  const counted = (work: () => void): Recording => {
    const recording = record(work);
    const replay = () => {
      replays++;
      recording.replay();
    };
    return { replay, [Symbol.dispose]: () => recording[Symbol.dispose]() };
  };
  Object.defineProperty(backend, "record", { value: counted });
  using device = new Device(backend);
  using model = new TransformerLM(device, { ...config, ...change }, { seed: 5, trainable: false, dtype });
  const before = device.memory.usedBytes;
  const tokens: number[][] = prompts.map(() => []);
  for (const { sequence, token } of generateBatch(model, prompts, options)) tokens[sequence].push(token);
  assertEquals(device.memory.usedBytes, before, "generation leaves memory behind");
  return { tokens, replays };
}

const variants: Record<string, NonNullable<Path["change"]>> = {
  "two heads": {},
  "one key head": { num_kv_heads: 1 },
  "norms of queries and keys": { qk_norm: true },
};

for (const [variant, change] of Object.entries(variants)) {
  testOnEmulation(`cuda: greedy generation on the device gives the tokens of the host, ${variant}`, (emulation) => {
    const prompts = [[1, 2, 3], [9, 8, 7]];
    // A short context that is passed three times, and one in which the part of the cache that is looked at grows.
    const lengths = variant === "two heads" ? [[10, 33], [150, 80]] : [[10, 33]];
    for (const [context_length, maxNewTokens] of lengths) {
      const options = { maxNewTokens, temperature: 0 };
      const path = { change: { ...change, context_length } };
      const onDevice = made(emulation, prompts, options, path);
      assertEquals(onDevice.tokens, made(emulation, prompts, options, { ...path, onHost: true }).tokens);
      assert(onDevice.replays > maxNewTokens / 2, `${onDevice.replays} replays`);
    }
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
  });
}

testOnEmulation("cuda: sampling on the device gives the tokens of the host with the same seed", (emulation) => {
  const prompts = [[4], [5], [6]];
  // Without top-p both take tokens in the order of their ids, so that the same draws choose the same tokens.
  const options = { maxNewTokens: 12, temperature: 0.9, topK: 11, seed: 3 };
  const { tokens } = made(emulation, prompts, options);
  assertEquals(tokens, made(emulation, prompts, options, { onHost: true }).tokens);
  assert(new Set(tokens.flat()).size > 5);
  const nucleus = { ...options, topP: 0.8 };
  assertEquals(made(emulation, prompts, nucleus).tokens, made(emulation, prompts, nucleus).tokens);
});

testOnEmulation("cuda: generation in bfloat16 goes through the context and ends at the stop token", (emulation) => {
  const options = { maxNewTokens: 40, temperature: 1, seed: 1 };
  const path = { dtype: "bf16" as const, change: { context_length: 12 } };
  const [free] = made(emulation, [[1, 2]], options, path).tokens;
  assertEquals(free.length, 40);
  const stopToken = free.find((token, i) => i > 3 && !free.slice(0, i).includes(token))!;
  const [stopped] = made(emulation, [[1, 2]], { ...options, stopToken }, path).tokens;
  assertEquals(stopped, free.slice(0, free.indexOf(stopToken)));
});

testOnEmulation("cuda: a model that has diverged cannot generate", (emulation) => {
  using device = new Device(emulation.open());
  using model = new TransformerLM(device, config, { trainable: false });
  device.fill({ x: model.parameters.weights, value: NaN });
  assertThrows(() => [...generate(model, [1], { maxNewTokens: 3 })], RangeError, "the model has diverged");
});
