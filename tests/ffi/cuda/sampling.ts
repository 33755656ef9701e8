import { assert, assertEquals } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import { Random } from "../../../lib/tensor/random.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { chosen, probabilities, type SamplingLimits } from "./sampling_oracle.ts";

// Tokens that the kernel chooses, one for each draw, all from the same logits unless there are as many rows of them.
function sample(
  emulation: Emulation,
  logits: readonly number[] | Float32Array,
  draws: Float32Array,
  { temperature = 1, topK, topP = 1 }: SamplingLimits,
  dtype: "f32" | "bf16" = "f32",
): Int32Array {
  using device = new Device(emulation.open());
  using arena = device.arena("sampling");
  const rows = draws.length;
  const columns = logits.length;
  const [all, drawn, tokens] = [
    arena.alloc(rows * columns, dtype),
    arena.alloc(rows, "f32"),
    arena.alloc(rows, "i32"),
  ];
  device.upload(all, Float32Array.from({ length: rows * columns }, (_, i) => logits[i % columns]));
  device.upload(drawn, draws);
  const limits = { temperature, topK: Math.min(topK ?? columns, columns), topP };
  device.sample({ logits: all, draws: drawn, tokens, rows, columns, ...limits });
  return device.download(tokens, new Int32Array(rows));
}

const settings: readonly SamplingLimits[] = [
  {},
  { temperature: 0.3 },
  { temperature: 4 },
  { topK: 1 },
  { topK: 7 },
  { topP: 0.1 },
  { topP: 0.9 },
  { temperature: 2, topK: 40, topP: 0.7 },
];

for (const columns of [5, 300, 3000]) {
  testOnEmulation(
    `cuda: of ${columns} tokens the one is chosen at which the sum of probabilities passes the draw`,
    (emulation) => {
      const random = new Random(columns);
      // Rounded, so that there are ties.
      const logits = Float32Array.from({ length: columns }, () => Math.round(8 * random.normal()) / 4);
      const draws = Float32Array.from({ length: 12 }, () => random.uniform());
      draws[0] = 0;
      draws[1] = 1 - 2 ** -24;
      for (const options of settings) {
        const shares = probabilities(logits, options);
        const tokens = sample(emulation, logits, draws, options);
        draws.forEach((draw, row) => {
          assert(shares[tokens[row]] > 0, `${JSON.stringify(options)}: token ${tokens[row]} may not be chosen`);
          const { token, margin } = chosen(shares, draw);
          if (margin > 1e-6) assertEquals(tokens[row], token, `${JSON.stringify(options)}, draw ${draw}`);
        });
      }
    },
  );
}

testOnEmulation("cuda: of more tokens than a warp's columns have threads the right one is chosen", (emulation) => {
  const random = new Random(7);
  const logits = Float32Array.from({ length: 40_000 }, () => Math.round(8 * random.normal()) / 4);
  const draws = Float32Array.of(0.03, 0.5, 0.97);
  for (const options of [{ temperature: 2 }, { temperature: 3, topK: 20_000, topP: 0.9 }]) {
    const shares = probabilities(logits, options);
    const tokens = sample(emulation, logits, draws, options);
    assertEquals([...tokens], Array.from(draws, (draw) => chosen(shares, draw).token), JSON.stringify(options));
  }
});

testOnEmulation("cuda: tokens come as often as their probabilities say", (emulation) => {
  const logits = [0, 2, 1, 2, -1, 0.5, -Infinity];
  const random = new Random(11);
  const draws = Float32Array.from({ length: 200 }, () => random.uniform());
  for (const options of [{}, { temperature: 2, topK: 5, topP: 0.9 }]) {
    const tokens = sample(emulation, logits, draws, options);
    const shares = probabilities(logits, options);
    // Chi-square of at most 6 degrees of freedom: above 22.5 once in 1,000 seeds.
    const chiSquare = shares.reduce((sum, share, id) => {
      const seen = tokens.filter((token) => token === id).length;
      if (share === 0) return seen === 0 ? sum : Infinity;
      return sum + (seen - share * draws.length) ** 2 / (share * draws.length);
    }, 0);
    assert(chiSquare < 22.5, `${JSON.stringify(options)}: chi-square ${chiSquare}`);
  }
});

testOnEmulation("cuda: temperature 0 takes the largest logit, the lowest token where several tie", (emulation) => {
  const draws = new Float32Array(1);
  for (const dtype of ["f32", "bf16"] as const) {
    assertEquals([...sample(emulation, [-3, 5, -2, 5, 4], draws, { temperature: 0 }, dtype)], [1]);
    assertEquals([...sample(emulation, [-3, -1, -2], draws, { temperature: 0 }, dtype)], [1]);
    // Two that are equal, of different bits.
    assertEquals([...sample(emulation, [-3, -0, 0], draws, { temperature: 0 }, dtype)], [1]);
    assertEquals([...sample(emulation, [-3, -0, 0], Float32Array.of(0.999), { topK: 1 }, dtype)], [1]);
  }
});

testOnEmulation("cuda: temperatures whose reciprocals are no floats choose among the largest logits", (emulation) => {
  for (const options of [{}, { topK: 2 }, { topP: 1 - 2 ** -20 }]) {
    for (const temperature of [1e-38, 1e-40, 1e-45]) {
      const tokens = [0.4, 0.6].map((draw) =>
        sample(emulation, [1, 3, 2, 3], Float32Array.of(draw), { temperature, ...options })[0]
      );
      assertEquals(tokens, [1, 3], JSON.stringify({ temperature, ...options }));
    }
  }
});

testOnEmulation("cuda: logits of a model that has diverged choose nothing", (emulation) => {
  for (const logits of [[0, NaN, 1], [0, -NaN, 1], [Infinity, 0], [-Infinity, -Infinity]]) {
    assertEquals([...sample(emulation, logits, Float32Array.of(0.5), {})], [-1]);
  }
});

testOnEmulation("cuda: the order in which threads run does not change what is chosen", (emulation) => {
  const random = new Random(5);
  const logits = Float32Array.from({ length: 2000 }, () => random.normal());
  const draws = Float32Array.from({ length: 8 }, () => random.uniform());
  const options = { topK: 500, topP: 0.8 };
  const ascending = sample(emulation, logits, draws, options);
  emulation.setThreadOrder("descending");
  assertEquals(sample(emulation, logits, draws, options), ascending);
});
