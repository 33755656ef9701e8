import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { GradientClipper } from "../../lib/optim/clip_grad_norm.ts";
import type { Device } from "../../lib/tensor/device.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { compareNumbers } from "./conformance.ts";
import { trajectories, type Trajectory } from "./trajectories.ts";

/**
 * Registers a test for each model variant and optimizer: logits, gradients, six clipped steps under a schedule, and the
 * weights after them, beside PyTorch's, on a device.
 */
export function pytorchTraining(name: string, open: () => Device | Promise<Device>): void {
  for (const [variant, trajectory] of Object.entries(trajectories)) {
    Deno.test(`${name}: the ${variant} model trains along PyTorch's trajectory`, async () => {
      using device = await open();
      follow(device, trajectory);
    });
  }
}

function follow(device: Device, trajectory: Trajectory): void {
  const { losses, grad_norms, learning_rates } = trajectory.expected;
  using model = new TransformerLM(device, trajectory.config, { state: trajectory.tensors("init") });
  using optimizer = trajectory.makeOptimizer(model.parameters);
  using clipper = new GradientClipper(device);
  using tape = new Tape(device);
  const { data, shape: [, batch, width] } = trajectory.data();
  const tokens = (step: number, shift: number) =>
    tape.integers(
      Array.from({ length: batch }, (_, b) => {
        const start = (step * batch + b) * width + shift;
        return [...data.subarray(start, start + width - 1)];
      }).flat(),
      [batch, width - 1],
    );
  for (let step = 0; step < losses.length; step++) {
    tape.reset();
    if (step === 0) {
      const expected = trajectory.tensors("step0").get("logits")!;
      compareNumbers("logits", expected, tape.read(model.forward(tape, tokens(0, 0))), 1e-5);
      tape.reset();
    }
    const loss = model.loss(tape, tokens(step, 0), tokens(step, 1));
    compareNumbers(`loss of step ${step}`, [losses[step]], tape.read(loss), 1e-5);
    model.parameters.zeroGradients();
    tape.backward(loss);
    if (step === 0) {
      for (const [parameter, expected] of trajectory.tensors("grad0")) {
        const { gradients } = model.parameters.named.get(parameter)!;
        compareNumbers(`gradient of ${parameter}`, expected, device.download(gradients!), 1e-4);
      }
    }
    clipper.measure(model.parameters.gradients!, trajectory.maxNorm);
    compareNumbers(`gradient norm of step ${step}`, [grad_norms[step]], device.download(clipper.norm), 1e-4);
    const learningRate = trajectory.learningRate(step);
    compareNumbers("learning rate", [learning_rates[step]], [learningRate], 1e-12);
    optimizer.step({ learningRate, gradientScale: clipper.coefficient });
  }
  const weights = model.parameters.state();
  for (const [parameter, expected] of trajectory.tensors("final")) {
    compareNumbers(parameter, expected, weights.get(parameter)!, 1e-4);
  }
}
