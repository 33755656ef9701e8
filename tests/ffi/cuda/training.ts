import { assert, assertEquals } from "@std/assert";
import type { CudaBackend } from "../../../ffi/cuda/cuda_backend.ts";
import type { ModelConfigInput } from "../../../lib/model/config_fields.ts";
import { TransformerLM } from "../../../lib/model/transformer_lm.ts";
import { AdamW } from "../../../lib/optim/adamw.ts";
import { GradientClipper } from "../../../lib/optim/clip_grad_norm.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { Tape } from "../../../lib/tensor/tape.ts";
import { Tensor } from "../../../lib/tensor/tensor.ts";
import { openEmulated, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { pytorchTraining, variants } from "../../device_conformance/pytorch_training.ts";
import { readReference, reference } from "../../fixtures/reference_tensors.ts";

if (openEmulated !== undefined) pytorchTraining("cuda", () => new Device(openEmulated!()));

for (const [variant, changes] of Object.entries(variants)) {
  testOnEmulation(`cuda: the ${variant} model trains in bfloat16 near PyTorch's trajectory in float64`, (emulation) => {
    const { losses } = train(emulation.open(), { variant, changes, dtype: "bf16" });
    const { losses: expected } = reference.lm.variants[variant];
    // Weights and activations have 8 bits of mantissa: a hundredth is some three roundings.
    losses.forEach((loss, step) => {
      const difference = Math.abs(loss / expected[step] - 1);
      assert(difference < 0.01, `loss of step ${step} is ${loss}, expected ${expected[step]}`);
    });
  });
}

for (const dtype of ["f32", "bf16"] as const) {
  testOnEmulation(`cuda: the order in which threads run changes no bit of training in ${dtype}`, (emulation) => {
    const ascending = train(emulation.open(), { variant: "base", dtype });
    emulation.setThreadOrder("descending");
    assertEquals(train(emulation.open(), { variant: "base", dtype }), ascending);
  });

  testOnEmulation(`cuda: a step of training in ${dtype}, recorded once, replays to the same bits`, (emulation) => {
    const queued = train(emulation.open(), { variant: "base", dtype });
    assertEquals(train(emulation.open(), { variant: "base", dtype, recorded: true }), queued);
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
  });
}

interface Run {
  variant: string;
  dtype: "f32" | "bf16";
  changes?: Partial<ModelConfigInput>;
  // Whether the first step is queued, and the second recorded and replayed from then on.
  recorded?: boolean;
}

// Losses of the reference's steps, and the weights after them.
function train(backend: CudaBackend, { variant, dtype, changes = {}, recorded = false }: Run) {
  using device = new Device(backend);
  const { lm } = reference;
  const { learning_rates, d_ff } = lm.variants[variant];
  const tensors = readReference("lm");
  const prefix = `${variant}/init/`;
  const initial = [...tensors].filter(([key]) => key.startsWith(prefix));
  const state = new Map(initial.map(([key, { data }]) => [key.slice(prefix.length), data as Float32Array]));
  using model = new TransformerLM(device, {
    ...{ vocab_size: lm.vocab_size, context_length: lm.context_length, num_layers: lm.num_layers },
    ...{ d_model: lm.d_model, num_heads: lm.num_heads, d_ff },
    ...changes,
  }, { state, dtype });
  using optimizer = new AdamW(model.parameters, {
    ...{ beta1: lm.beta1, beta2: lm.beta2, epsilon: lm.eps, weightDecay: lm.weight_decay },
  });
  using clipper = new GradientClipper(device);
  using tape = new Tape(device, { dtype });
  const { data, shape: [, batch, width] } = tensors.get(`${variant}/data/tokens`)!;
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
    clipper.measure(model.parameters.gradients!, lm.clip);
    optimizer.applyStep(clipper.coefficient);
  };
  using graphs = new DisposableStack();
  let step = work;
  const losses = learning_rates.map((learningRate, index) => {
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
