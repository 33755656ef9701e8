import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { ModelConfigInput } from "../../lib/model/config.ts";
import { generate, generateBatch, type GenerationOptions } from "../../lib/model/generate.ts";
import { Sampler } from "../../lib/model/sampling.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import type { SampleArguments } from "../../lib/tensor/sample.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { LimitedBackend } from "../tensor/limited_backend.ts";

const small: ModelConfigInput = {
  vocab_size: 17,
  context_length: 10,
  num_layers: 2,
  d_model: 8,
  num_heads: 2,
  d_ff: 12,
};

const variants: Record<string, Partial<ModelConfigInput>> = {
  "pre-norm, rope, swiglu": {},
  "post-norm": { norm: "post" },
  "no norm": { norm: "none" },
  "no position": { position: "none" },
  "silu": { ffn: "silu" },
  "squared relu, norms of queries and keys": { ffn: "relu2", qk_norm: true },
  "tied": { tied_embeddings: true },
  "one key head": { num_kv_heads: 1 },
};

function withModel<T>(change: Partial<ModelConfigInput>, use: (model: TransformerLM) => T): T {
  using device = new Device(new ReferenceBackend());
  using model = new TransformerLM(device, { ...small, ...change }, { seed: 5, trainable: false });
  const before = device.memory.usedBytes;
  const result = use(model);
  assertEquals(device.memory.usedBytes, before, "generation leaves memory behind");
  return result;
}

for (const [name, change] of Object.entries(variants)) {
  Deno.test(`${name}: the same tokens with and without the cache, far beyond the context`, () => {
    withModel(change, (model) => {
      for (const options of [{ temperature: 0 }, { temperature: 1.5, seed: 3, topP: 0.9 }]) {
        const tokens = (cache: boolean) => [...generate(model, [1, 2, 3], { ...options, maxNewTokens: 35, cache })];
        assertEquals(tokens(true), tokens(false));
        assertEquals(tokens(true).length, 35);
      }
    });
  });
}

Deno.test("greedy generation takes the likeliest next token of the window that the documentation describes", () => {
  withModel({}, (model) => {
    const prompt = [4, 5, 6];
    const made = [...generate(model, prompt, { temperature: 0, maxNewTokens: 20 })];
    // Window by the documented rule, one forward pass over it for each token.
    let window = [...prompt];
    for (const token of made) {
      if (window.length > small.context_length) window = window.slice(-5);
      using tape = new Tape(model.device, { recording: false });
      const logits = tape.read(model.forward(tape, tape.integers(window, [1, window.length])));
      const last = Array.from(logits.subarray(logits.length - small.vocab_size));
      assertEquals(token, last.indexOf(Math.max(...last)));
      window.push(token);
    }
  });
});

Deno.test("a batch gives every prompt what it gets alone, whatever the lengths", () => {
  withModel({}, (model) => {
    const prompts = [[1, 2, 3], [9], [4, 5, 6], [7, 8, 9, 10, 11, 12, 13, 14, 15, 16]];
    const options: GenerationOptions = { maxNewTokens: 15, seed: 100, temperature: 0.9 };
    const made: number[][] = prompts.map(() => []);
    for (const { sequence, token } of generateBatch(model, prompts, options)) made[sequence].push(token);
    prompts.forEach((prompt, i) => {
      assertEquals(made[i], [...generate(model, prompt, { ...options, seed: 100 + i })]);
    });
  });
});

Deno.test("a sequence ends before the stop token, the others of its batch go on", () => {
  withModel({}, (model) => {
    const options = { maxNewTokens: 30, temperature: 1, seed: 2 };
    const free = [0, 1].map((i) => [...generate(model, [1 + i], { ...options, seed: 2 + i })]);
    const stopToken = free[0].find((token, i) => i > 3 && !free[0].slice(0, i).includes(token))!;
    const made: number[][] = [[], []];
    for (const { sequence, token } of generateBatch(model, [[1], [2]], { ...options, stopToken })) {
      made[sequence].push(token);
    }
    const cut = (tokens: number[]) => tokens.includes(stopToken) ? tokens.slice(0, tokens.indexOf(stopToken)) : tokens;
    assertEquals(made, free.map(cut));
    assert(made[0].length < 30);
  });
});

Deno.test("tokens are computed when they are asked for, and leaving early frees the memory", () => {
  withModel({}, (model) => {
    const made: number[] = [];
    for (const token of generate(model, [1], { maxNewTokens: 1_000_000_000, temperature: 0 })) {
      made.push(token);
      if (made.length === 3) break;
    }
    assertEquals(made, [...generate(model, [1], { maxNewTokens: 3, temperature: 0 })]);
  });
});

Deno.test("a generation for which the memory does not reach gives back what it has taken", () => {
  let failures = 0;
  // The model takes two blocks; the generation fails after none, one, two more, until it has enough.
  for (let blocks = 2;; blocks++) {
    using device = new Device(new LimitedBackend(blocks));
    using model = new TransformerLM(device, small, { trainable: false });
    const before = device.memory.reservedBytes;
    try {
      assertEquals([...generate(model, [1], { maxNewTokens: 2 })].length, 2);
      break;
    } catch (error) {
      assertStringIncludes((error as Error).message, "Cannot reserve memory");
      failures++;
    }
    assertEquals(device.memory.reservedBytes, before);
  }
  assert(failures > 0);
});

Deno.test("the same seed gives the same text, another seed another", () => {
  withModel({}, (model) => {
    const made = (seed: number) => [...generate(model, [1], { maxNewTokens: 20, temperature: 2, seed })];
    assertEquals(made(1), made(1));
    assert(made(1).join() !== made(2).join());
  });
});

Deno.test("prompts and options that mean nothing are refused at the call", () => {
  withModel({}, (model) => {
    const refused = (prompt: number[], change: Partial<GenerationOptions>, message: string) =>
      assertThrows(() => generate(model, prompt, { maxNewTokens: 3, ...change }), RangeError, message);
    refused([], {}, "the prompt is empty");
    refused(new Array(11).fill(1), {}, "the prompt has 11 tokens, context_length is 10");
    refused([1, 17], {}, "token 1 of the prompt is 17, vocab_size is 17");
    refused([-1], {}, "token 0 of the prompt is -1");
    refused([1], { temperature: -0.5 }, "temperature is -0.5; it must be 0");
    refused([1], { maxNewTokens: 0 }, "maxNewTokens is 0");
    refused([1], { topP: 2 }, "top-p is 2");
    for (const stopToken of [17, -1, NaN]) refused([1], { stopToken }, `stopToken is ${stopToken}, vocab_size is 17`);
  });
});

/** Chooses tokens itself, as the host does with the same numbers. */
class ChoosingBackend extends ReferenceBackend {
  sample({ logits, draws, tokens, rows, columns, ...options }: SampleArguments): void {
    const sampler = new Sampler(options);
    for (let row = 0; row < rows; row++) {
      const random = Object.assign(new Random(0), { uniform: () => this.view(draws)[row] });
      const ofRow = Float32Array.from(this.view(logits).subarray(row * columns, (row + 1) * columns));
      this.view(tokens)[row] = ofRow.every((logit) => logit < Infinity) ? sampler.sample(ofRow, random) : -1;
    }
  }
}

Deno.test("a model whose logits stop being numbers yields the tokens before that, wherever they are chosen", () => {
  const { vocab_size, d_model } = small;
  const lengths = new Set<number>();
  for (let seed = 0; seed < 30; seed++) {
    const made = [ReferenceBackend, ChoosingBackend].map((Backend) => {
      using device = new Device(new Backend());
      using model = new TransformerLM(device, small, { seed, trainable: false });
      assertEquals(device.samples, Backend === ChoosingBackend);
      // All that follows token 0 is NaN; texts that end before it do not mind.
      const { weights } = model.parameters.named.get("token_embeddings.weight")!;
      device.fill({ x: weights.sub(0, d_model), value: NaN });
      const tokens: unknown[] = [];
      let failed = false;
      try {
        const options = { maxNewTokens: 40, temperature: 1.5, seed, stopToken: vocab_size - 1 };
        for (const token of generateBatch(model, [[1], [2]], options)) tokens.push(token);
      } catch (error) {
        assertStringIncludes((error as Error).message, "the model has diverged");
        failed = true;
      }
      return { tokens, failed };
    });
    assertEquals(made[1], made[0]);
    if (made[0].failed) lengths.add(made[0].tokens.length);
  }
  assert(lengths.size > 5);
});
