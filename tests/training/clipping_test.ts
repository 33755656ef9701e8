import { assert, assertAlmostEquals } from "@std/assert";
import { openDevice } from "../../ffi/devices.ts";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { Random } from "../../lib/tensor/random.ts";
import { Trainer } from "../../lib/training/trainer.ts";
import { referenceDevice, smallConfig, walk } from "./small_run.ts";

// Adam divides by the size of gradients, so a trajectory hardly shows whether they were clipped. The moments after the
// first step do: they are (1 - beta1) times the gradient that AdamW was given, and (1 - beta2) times its square.
const [beta1, beta2] = [0.9, 0.95];

const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });

/** AdamW's moments of every parameter after one step under a limit, and the norm before clipping that was reported. */
function firstStep(openDevice: typeof referenceDevice, max_grad_norm: number) {
  using device = openDevice();
  using trainer = new Trainer(device, smallConfig({ max_grad_norm }));
  const random = new Random(5);
  trainer.step([data.sample(random, 2, 6), data.sample(random, 2, 6)]);
  const moments = [...trainer.model.parameters.named.values()].map(({ weights }) =>
    trainer.optimizer.momentsOf(weights)
  );
  return {
    gradients: moments.flatMap(({ first }) => [...device.download(first)]).map((moment) => moment / (1 - beta1)),
    squares: moments.flatMap(({ second }) => [...device.download(second!)]).map((moment) => moment / (1 - beta2)),
    norm: trainer.readResults().gradientNorms[0],
  };
}

const normOf = (values: readonly number[]) => Math.hypot(...values);

const devices = { reference: referenceDevice, cpu: () => openDevice("cpu", { threads: 1 }) };

for (const [name, open] of Object.entries(devices)) {
  Deno.test(`gradients under max_grad_norm are left as they are, on ${name}`, () => {
    const { gradients, squares, norm } = firstStep(open, 1000);
    assert(norm > 0.1 && norm < 1000, `the norm is ${norm}`);
    assertAlmostEquals(normOf(gradients), norm, 1e-5 * norm);
    squares.forEach((square, i) => assertAlmostEquals(square, gradients[i] ** 2, 1e-5 * norm ** 2));
  });

  Deno.test(`gradients over max_grad_norm are all scaled alike to that norm, on ${name}`, () => {
    const whole = firstStep(open, 1000);
    for (const limit of [whole.norm / 2, 0.01]) {
      const clipped = firstStep(open, limit);
      assertAlmostEquals(clipped.norm, whole.norm, 1e-6 * whole.norm); // what is reported is the norm before
      assertAlmostEquals(normOf(clipped.gradients), limit, 1e-4 * limit);
      const scale = limit / (whole.norm + 1e-6);
      clipped.gradients.forEach((gradient, i) =>
        assertAlmostEquals(gradient, scale * whole.gradients[i], 1e-5 * limit)
      );
      clipped.squares.forEach((square, i) => assertAlmostEquals(square, clipped.gradients[i] ** 2, 1e-5 * limit ** 2));
    }
  });
}
