import { assert, assertEquals, assertThrows } from "@std/assert";
import { Sampler } from "../../lib/model/sampling.ts";
import { Random } from "../../lib/tensor/random.ts";

const logits = new Float32Array([0, 2, 1, 2, -1, 0.5]);

/** How often each token comes in many draws. */
function frequencies(sampler: Sampler, from: Float32Array, draws = 20000): number[] {
  const random = new Random(7);
  const counts = new Array(from.length).fill(0);
  for (let i = 0; i < draws; i++) counts[sampler.sample(from, random)]++;
  return counts.map((count) => count / draws);
}

/** Probabilities after temperature, top-k and top-p, by sorting everything. */
function expected(from: Float32Array, { temperature = 1, topK = Infinity, topP = 1 }): number[] {
  const order = Array.from(from.keys()).sort((a, b) => from[b] - from[a] || a - b).slice(0, topK);
  const weight = (id: number) => Math.exp(from[id] / temperature);
  const total = order.reduce((sum, id) => sum + weight(id), 0);
  const nucleus: number[] = [];
  for (const id of order) {
    nucleus.push(id);
    if (nucleus.reduce((sum, id) => sum + weight(id), 0) >= topP * total) break;
  }
  const kept = nucleus.reduce((sum, id) => sum + weight(id), 0);
  return Array.from(from.keys(), (id) => nucleus.includes(id) ? weight(id) / kept : 0);
}

Deno.test("tokens come as often as temperature, top-k and top-p say", () => {
  for (
    const options of [
      {},
      { temperature: 0.5 },
      { temperature: 3 },
      { topK: 1 },
      { topK: 2 },
      { topK: 3 },
      { topP: 0.3 },
      { topP: 0.6 },
      { topP: 0.95 },
      { temperature: 2, topK: 4, topP: 0.7 },
      { topK: 100, topP: 1 },
    ]
  ) {
    const wanted = expected(logits, options);
    const seen = frequencies(new Sampler(options), logits);
    for (const id of logits.keys()) {
      assert(Math.abs(seen[id] - wanted[id]) < 0.012, `${JSON.stringify(options)}: token ${id} ${seen[id]}`);
      assertEquals(seen[id] > 0, wanted[id] > 0);
    }
  }
});

Deno.test("top-k and top-p leave the same tokens as sorting the whole vocabulary", () => {
  const random = new Random(3);
  for (let round = 0; round < 30; round++) {
    const size = 5 + random.below(200);
    const many = Float32Array.from({ length: size }, () => Math.round(random.normal() * 20) / 10);
    const options = { topK: 1 + random.below(size), topP: 0.05 + 0.9 * random.uniform() };
    const wanted = expected(many, options);
    const seen = frequencies(new Sampler(options), many, 2000);
    for (const id of many.keys()) assert(seen[id] === 0 || wanted[id] > 0, `token ${id} is outside the nucleus`);
  }
});

Deno.test("temperature 0 is greedy, takes the lowest id of a tie and draws nothing", () => {
  const random = new Random(1);
  const before = random.state();
  assertEquals(new Sampler({ temperature: 0 }).sample(logits, random), 1);
  assertEquals(random.state(), before);
});

Deno.test("the same seed chooses the same tokens", () => {
  const draw = () => {
    const random = new Random(42);
    const sampler = new Sampler({ topP: 0.9 });
    return Array.from({ length: 50 }, () => sampler.sample(logits, random));
  };
  assertEquals(draw(), draw());
});

Deno.test("a very low temperature does not overflow", () => {
  assertEquals(new Sampler({ temperature: 1e-30 }).sample(new Float32Array([1e30, -1e30]), new Random(1)), 0);
});

Deno.test("options that mean nothing are refused", () => {
  assertThrows(() => new Sampler({ temperature: -1 }), RangeError, "temperature is -1; it must be 0");
  assertThrows(() => new Sampler({ temperature: NaN }), RangeError, "temperature is NaN");
  assertThrows(() => new Sampler({ topK: 0 }), RangeError, "top-k is 0");
  assertThrows(() => new Sampler({ topK: 1.5 }), RangeError, "top-k is 1.5");
  assertThrows(() => new Sampler({ topP: 0 }), RangeError, "top-p is 0");
  assertThrows(() => new Sampler({ topP: 1.1 }), RangeError, "top-p is 1.1");
});

Deno.test("logits of a model that has diverged are refused", () => {
  assertThrows(() => new Sampler().sample(new Float32Array([0, NaN]), new Random(1)), RangeError, "token 1 is NaN");
  assertThrows(() => new Sampler().sample(new Float32Array([-Infinity]), new Random(1)), RangeError, "none of the 1");
});
