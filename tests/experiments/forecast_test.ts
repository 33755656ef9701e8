import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { forecastRun, jobsThatFit, measureTraining } from "../../lib/experiments/forecast.ts";
import { runConfig } from "../../lib/experiments/run_config.ts";
import { scales } from "../../lib/experiments/scale.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { Trainer } from "../../lib/training/trainer.ts";
import { referenceDevice, smallConfig } from "../training/small_run.ts";

Deno.test("the time of a run is that of its steps, six FLOPs a parameter and token and more, at the measured rate", () => {
  const config = runConfig(scales.handout, {}, 0);
  const { seconds, parameters } = forecastRun(config, 1e12);
  const least = 6 * (parameters - 10_000 * 512) * scales.handout.tokens / 1e12; // the token embedding is a look-up
  assert(seconds > least && seconds < 1.5 * least, `${seconds} s, at least ${least} s`);
});

Deno.test("what is done needs not be done again", () => {
  const config = smallConfig();
  const whole = forecastRun(config, 1e6).seconds;
  assertAlmostEquals(forecastRun(config, 1e6, config.steps / 2).seconds, whole / 2, 1e-9);
  assertEquals(forecastRun(config, 1e6, config.steps).seconds, 0);
});

for (const [precision, tolerance] of [["float32", 0.001], ["bfloat16", 0.03]] as const) {
  Deno.test(`the memory foreseen is what a training step uses, ${precision}`, () => {
    const config = runConfig({ ...scales.laptop, precision }, {}, 0);
    using device = new MetaDevice();
    using trainer = new Trainer(device, config);
    const length = config.batch_size * config.model.context_length;
    trainer.step([{ inputs: new Int32Array(length), targets: new Int32Array(length) }]);
    const { bytes } = forecastRun(config, 1);
    assertAlmostEquals(bytes / device.memory.peakBytes, 1, tolerance);
  });
}

Deno.test("the rate is that of the fastest step after the first, which prepares", () => {
  using device = referenceDevice();
  const readings = [0, 900, 1000, 1500, 2000, 3000];
  const rate = measureTraining(device, smallConfig(), () => readings.shift()!);
  assertEquals(readings, []);
  const once = { steps: 1, eval_batches: 1, gradient_accumulation_steps: 1 };
  const { seconds } = forecastRun(smallConfig({ ...once, optimizer: {} }), rate);
  assert(seconds > 0.5 && seconds < 0.75, `${seconds} s`); // half a second, and an evaluation
});

Deno.test("as many jobs as memory holds of the largest, and one in any case", () => {
  const forecasts = [{ bytes: 100 }, { bytes: 300 }];
  assertEquals(jobsThatFit(8, forecasts, 1000), 3);
  assertEquals(jobsThatFit(2, forecasts, 1000), 2);
  assertEquals(jobsThatFit(8, forecasts, 10), 1);
});
