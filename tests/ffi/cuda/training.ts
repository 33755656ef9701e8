import { assert } from "@std/assert";
import type { ModelConfigInput } from "../../../lib/model/config_fields.ts";
import { TransformerLM } from "../../../lib/model/transformer_lm.ts";
import { AdamW } from "../../../lib/optim/adamw.ts";
import { GradientClipper } from "../../../lib/optim/clip_grad_norm.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { Tape } from "../../../lib/tensor/tape.ts";
import { openEmulated, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { pytorchTraining, variants } from "../../device_conformance/pytorch_training.ts";
import { readReference, reference } from "../../fixtures/reference_tensors.ts";

if (openEmulated !== undefined) pytorchTraining("cuda", () => new Device(openEmulated!()));

for (const [variant, changes] of Object.entries(variants)) {
  testOnEmulation(`cuda: the ${variant} model trains in bfloat16 near PyTorch's trajectory in float64`, (emulation) => {
    using device = new Device(emulation.open());
    const losses = trainInBf16(device, variant, changes);
    const { losses: expected } = reference.lm.variants[variant];
    // Weights and activations have 8 bits of mantissa: a hundredth is some three roundings.
    losses.forEach((loss, step) => {
      const difference = Math.abs(loss / expected[step] - 1);
      assert(difference < 0.01, `loss of step ${step} is ${loss}, expected ${expected[step]}`);
    });
  });
}

function trainInBf16(device: Device, variant: string, changes: Partial<ModelConfigInput>): number[] {
  const { lm } = reference;
  const { learning_rates, d_ff } = lm.variants[variant];
  const tensors = readReference("lm");
  const prefix = `${variant}/init/`;
  const state = new Map(
    [...tensors].filter(([key]) => key.startsWith(prefix)).map((
      [key, { data }],
    ) => [key.slice(prefix.length), data as Float32Array]),
  );
  using model = new TransformerLM(device, {
    ...{ vocab_size: lm.vocab_size, context_length: lm.context_length, num_layers: lm.num_layers },
    ...{ d_model: lm.d_model, num_heads: lm.num_heads, d_ff },
    ...changes,
  }, { state, dtype: "bf16" });
  using optimizer = new AdamW(model.parameters, {
    ...{ beta1: lm.beta1, beta2: lm.beta2, epsilon: lm.eps, weightDecay: lm.weight_decay },
  });
  using clipper = new GradientClipper(device);
  using tape = new Tape(device, { dtype: "bf16" });
  const { data, shape: [, batch, width] } = tensors.get(`${variant}/data/tokens`)!;
  const tokens = (step: number, shift: number) => {
    const rows = Array.from({ length: batch }, (_, b) => {
      const start = (step * batch + b) * width + shift;
      return [...data.subarray(start, start + width - 1)];
    });
    return tape.integers(rows.flat(), [batch, width - 1]);
  };
  return learning_rates.map((learningRate, step) => {
    tape.reset();
    const loss = model.loss(tape, tokens(step, 0), tokens(step, 1));
    const [value] = tape.read(loss);
    model.parameters.zeroGradients();
    tape.backward(loss);
    clipper.measure(model.parameters.gradients!, lm.clip);
    optimizer.step({ learningRate, gradientScale: clipper.coefficient });
    return value;
  });
}
