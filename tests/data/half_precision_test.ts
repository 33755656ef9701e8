import { assertEquals } from "@std/assert";
import { fromBfloat16, fromFloat16, toBfloat16 } from "../../lib/data/half_precision.ts";

/** The nearest bfloat16 by brute force: of the two neighbours the closer one, on a tie the even one. */
function nearest(value: number): number {
  const word = new Uint32Array(new Float32Array([value]).buffer)[0];
  const [low, high] = [word >>> 16, (word >>> 16) + 1];
  const asNumber = (bits: number) => {
    const widened = new Float32Array(new Uint32Array([bits << 16]).buffer)[0];
    return Number.isFinite(widened) ? widened : Math.sign(widened) * 2 ** 128; // where the next step would have been
  };
  const [below, above] = [Math.abs(value - asNumber(low)), Math.abs(value - asNumber(high))];
  return below < above || (below === above && low % 2 === 0) ? low : high;
}

Deno.test("toBfloat16() rounds to the nearest, ties to even", () => {
  const ties = [0x3f808000, 0x3f818000, 0x3f808001, 0x3f807fff, 0x00008000, 0x80018000, 0x7f7fffff, 0xff7f8000];
  const random = Array.from({ length: 10_000 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) >>> 0);
  const values = new Float32Array(new Uint32Array([...ties, ...random]).buffer).filter(Number.isFinite);
  assertEquals([...toBfloat16(values)], Array.from(values, nearest));
});

Deno.test("infinities, zeros and every kind of not-a-number survive", () => {
  assertEquals([...toBfloat16(new Float32Array([Infinity, -Infinity, 0, -0]))], [0x7f80, 0xff80, 0, 0x8000]);
  const words = new Uint32Array([0x7f800001, 0x7fffffff, 0xff800001, 0xffc00000]);
  const back = fromBfloat16(toBfloat16(new Float32Array(words.buffer)));
  assertEquals([...back].every(Number.isNaN), true);
});

Deno.test("every bfloat16 that is a number comes back as it was", () => {
  const all = Uint16Array.from({ length: 65_536 }, (_, i) => i).filter((bits) => (bits & 0x7fff) <= 0x7f80);
  assertEquals(toBfloat16(fromBfloat16(all)), all);
});

Deno.test("fromFloat16() gives the value of sign, exponent and fraction", () => {
  const bits = [0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x03ff, 0x0400, 0x3555, 0x7c00, 0xfc00];
  const values = [0, -0, 1, -2, 65504, 2 ** -24, 1023 * 2 ** -24, 2 ** -14, 0.333251953125, Infinity, -Infinity];
  assertEquals([...fromFloat16(new Uint16Array(bits))], values);
  assertEquals(fromFloat16(new Uint16Array([0x7e00]))[0], NaN);
});
