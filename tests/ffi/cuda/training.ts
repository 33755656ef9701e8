import { assert, assertEquals } from "@std/assert";
import type { CudaBackend } from "../../../ffi/cuda/cuda_backend.ts";
import { TransformerLM } from "../../../lib/model/transformer_lm.ts";
import { GradientClipper } from "../../../lib/optim/clip_grad_norm.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { Tape } from "../../../lib/tensor/tape.ts";
import { Tensor } from "../../../lib/tensor/tensor.ts";
import { openEmulated, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { pytorchTraining } from "../../device_conformance/pytorch_training.ts";
import { trajectories } from "../../device_conformance/trajectories.ts";

if (openEmulated !== undefined) pytorchTraining("cuda", () => new Device(openEmulated!()));

for (const [variant, { expected: { losses: expected } }] of Object.entries(trajectories)) {
  testOnEmulation(`cuda: the ${variant} model trains in bfloat16 near PyTorch's trajectory in float64`, (emulation) => {
    const { losses } = train(emulation.open(), { variant, dtype: "bf16" });
    // Weights and activations have 8 bits of mantissa: a hundredth is some three roundings.
    losses.forEach((loss, step) => {
      const difference = Math.abs(loss / expected[step] - 1);
      assert(difference < 0.01, `loss of step ${step} is ${loss}, expected ${expected[step]}`);
    });
  });
}

for (const dtype of ["f32", "bf16"] as const) {
  for (const variant of ["base", "together"]) {
    testOnEmulation(`cuda: the order of threads changes no bit of training ${variant} in ${dtype}`, (emulation) => {
      const ascending = train(emulation.open(), { variant, dtype });
      emulation.setThreadOrder("descending");
      assertEquals(train(emulation.open(), { variant, dtype }), ascending);
    });

    testOnEmulation(`cuda: a step of ${variant} in ${dtype}, recorded once, replays to the same bits`, (emulation) => {
      const queued = train(emulation.open(), { variant, dtype });
      assertEquals(train(emulation.open(), { variant, dtype, recorded: true }), queued);
      assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
    });
  }
}

interface Run {
  variant: string;
  dtype: "f32" | "bf16";
  // Whether the first step is queued, and the second recorded and replayed from then on.
  recorded?: boolean;
}

// Losses of the reference's steps, and the weights after them.
function train(backend: CudaBackend, { variant, dtype, recorded = false }: Run) {
  using device = new Device(backend);
  const trajectory = trajectories[variant];
  using model = new TransformerLM(device, trajectory.config, { state: trajectory.tensors("init"), dtype });
  using optimizer = trajectory.makeOptimizer(model.parameters);
  using clipper = new GradientClipper(device);
  using tape = new Tape(device, { dtype });
  const { data, shape: [, batch, width] } = trajectory.data();
  // What changes from step to step has its place outside of the tape, and is written before the step.
  using inputs = device.arena("inputs");
  const shape = [batch, width - 1];
  const [tokens, targets] = [0, 1].map(() => new Tensor(inputs.alloc(batch * (width - 1), "i32"), shape));
  const loss = inputs.alloc(1, "f32");
  const rows = (step: number, shift: number) =>
    Int32Array.from(
      Array.from({ length: batch }, (_, b) => {
        const start = (step * batch + b) * width + shift;
        return [...data.subarray(start, start + width - 1)];
      }).flat(),
    );
  const work = () => {
    tape.reset();
    const mean = model.loss(tape, tokens, targets);
    device.copy({ source: mean.slice, destination: loss });
    model.parameters.zeroGradients();
    tape.backward(mean);
    clipper.measure(model.parameters.gradients!, trajectory.maxNorm);
    optimizer.applyStep(clipper.coefficient);
  };
  using graphs = new DisposableStack();
  let step = work;
  const losses = trajectory.expected.learning_rates.map((learningRate, index) => {
    if (recorded && index === 1) {
      const graph = graphs.use(device.record(work));
      step = () => graph.replay();
    }
    device.upload(tokens.slice, rows(index, 0));
    device.upload(targets.slice, rows(index, 1));
    optimizer.prepareStep(learningRate);
    step();
    return device.download(loss)[0];
  });
  return { losses, weights: model.parameters.state() };
}
