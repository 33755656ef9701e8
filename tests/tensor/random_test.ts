import { assert, assertEquals, assertThrows } from "@std/assert";
import { Random } from "../../lib/tensor/random.ts";

Deno.test("a stream starts from any safe integer, the largest too, and from no other number", () => {
  const seeds = [0, -5, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
  const firsts = seeds.map((seed) => new Random(seed).uniform());
  assertEquals(new Set(firsts).size, seeds.length);
  for (const seed of [0.5, NaN, Infinity, 2 ** 53]) assertThrows(() => new Random(seed), RangeError, `seed is ${seed}`);
});

Deno.test("a state that no stream can have is refused", () => {
  const words = [[1, 2, 3], [1, 2, 3, 2 ** 32], [1, 2, 3, -1], [1, 2, 3, 0.5], [0, 0, 0, 0]];
  for (const state of words) {
    assertThrows(() => Random.fromState(state), RangeError, "four integers below 2^32, not all");
  }
});

Deno.test("truncated normal numbers stay within their limit, which is above 0", () => {
  const random = new Random(1);
  for (let i = 0; i < 1000; i++) assert(Math.abs(random.truncatedNormal(0.5)) <= 0.5);
  for (const limit of [0, -1, NaN]) assertThrows(() => random.truncatedNormal(limit), RangeError, `limit is ${limit}`);
});
