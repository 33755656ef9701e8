import { z } from "zod";
import { toyChart } from "../lib/experiments/toy_chart.ts";
import { writeAnswer } from "../lib/experiments/write_answer.ts";
import { Device, Random, ReferenceBackend, Sgd } from "../mod.ts";
import { runScript } from "./frame/run_script.ts";

const RATES = [1e1, 1e2, 1e3];

// The handout's toy: the mean square of 10 x 10 weights, which start as normal numbers times five.
const WEIGHTS = 100;
const SCALE = 5;

const EXPLANATION =
  "Step t multiplies every weight by 1 - 2 rate / (100 sqrt(t + 1)). At 10 that is 0.8 and then closer to 1: a slow " +
  "decay. At 100 it is -1, which leaves the loss as it was, and from the second step on small: the fastest decay, to " +
  "nothing but rounding at the fourth. At 1000 it is -19: the loss grows until the root in the denominator has made " +
  "the steps small, long after these iterations.";

await runScript({
  name: "learning_rate_tuning",
  summary: "problem learning_rate_tuning: gradient descent on the handout's toy at three learning rates",
  options: z.object({
    iterations: z.int().min(1).max(10_000).default(10).describe("steps at each rate, each a row of the table"),
    seed: z.int().default(0).describe("seed of the first weights, the same at each rate"),
    out: z.string().default("results/learning_rate_tuning").describe("folder for the answer"),
  }),
  permissions: "results",
}, async ({ iterations, seed, out }, report) => {
  const courses = RATES.map((rate) => ({ name: `rate ${rate}`, losses: lossesAt(rate, iterations, seed) }));
  const table = {
    title: "Loss before each step",
    columns: ["step", ...courses.map(({ name }) => name)],
    rows: Array.from(
      { length: iterations + 1 },
      (_, step) => [step, ...courses.map(({ losses }) => losses[step].toPrecision(4))],
    ),
  };
  report.table(table.title, table.columns, table.rows);
  report.say("");
  const verdict = courses.map(({ name, losses }) => {
    const ending = losses[iterations] / losses[0];
    const words = `after ${iterations} steps: ${ending.toPrecision(3)} of the first loss`;
    report.result(name, describeCourse(ending), words);
    return `At ${name} the loss ${describeCourse(ending)}; ${words}.`;
  });
  report.say(`\n${EXPLANATION}`);
  writeAnswer(out, {
    problem: "learning_rate_tuning",
    title: "Learning rates of a toy",
    question: "How does gradient descent on the handout's toy go at learning rates of 10, 100 and 1000?",
    verdict: [...verdict, EXPLANATION],
    tables: [table],
    charts: [{
      name: "loss_by_step",
      caption: "Loss by powers of ten against the steps done.",
      svg: await toyChart("Loss of the toy at three learning rates", courses),
    }],
    samples: [],
    runs: [],
    circumstances: [["command", `deno task learning_rate_tuning --iterations ${iterations} --seed ${seed}`]],
  });
  report.result("answer", `${out}/index.html`);
});

/** Losses of the toy before each step and after the last. */
function lossesAt(learningRate: number, iterations: number, seed: number): number[] {
  using device = new Device(new ReferenceBackend());
  using arena = device.arena("toy");
  const [weights, gradients, loss] = [WEIGHTS, WEIGHTS, 1].map((length) => arena.alloc(length, "f32"));
  const random = new Random(seed);
  device.upload(weights, Float32Array.from({ length: WEIGHTS }, () => SCALE * random.normal()));
  using optimizer = new Sgd({ device, weights, gradients });
  const losses: number[] = [];
  for (let step = 0; step <= iterations; step++) {
    device.sumOfSquares({ x: weights, out: loss, factor: 1 / WEIGHTS });
    losses.push(device.download(loss)[0]);
    if (step === iterations) break;
    device.scale({ x: weights, out: gradients, factor: 2 / WEIGHTS });
    optimizer.step({ learningRate });
  }
  return losses;
}

function describeCourse(ending: number): string {
  if (!(ending <= 1)) return "diverges";
  return ending < 1e-6 ? "decays to nothing" : "decays slowly";
}
