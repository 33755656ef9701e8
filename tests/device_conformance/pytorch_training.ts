import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import type { ModelConfigInput } from "../../lib/model/config_fields.ts";
import { AdamW } from "../../lib/optim/adamw.ts";
import { GradientClipper } from "../../lib/optim/clip_grad_norm.ts";
import { cosineSchedule } from "../../lib/optim/cosine_schedule.ts";
import type { Device } from "../../lib/tensor/device.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { readReference, reference } from "../fixtures/reference_tensors.ts";
import { compareNumbers } from "./conformance.ts";

const { lm } = reference;

/** What each variant of make_reference.py changes. */
export const variants: Record<string, Partial<ModelConfigInput>> = {
  base: {},
  post_norm: { norm: "post" },
  no_norm: { norm: "none" },
  nope: { position: "none" },
  silu_ffn: { ffn: "silu" },
  tied: { tied_embeddings: true },
};

/**
 * Registers a test for each model variant: logits, gradients, six steps of clipped AdamW with the cosine schedule, and
 * the weights after them, beside PyTorch's, on a device.
 */
export function pytorchTraining(name: string, open: () => Device | Promise<Device>): void {
  const tensors = readReference("lm");
  for (const [variant, changes] of Object.entries(variants)) {
    const stateOf = (kind: string) => {
      const prefix = `${variant}/${kind}/`;
      const entries = [...tensors].filter(([key]) => key.startsWith(prefix));
      return new Map(entries.map(([key, { data }]) => [key.slice(prefix.length), data as Float32Array]));
    };
    Deno.test(`${name}: the ${variant} model trains along PyTorch's trajectory`, async () => {
      using device = await open();
      const { losses, grad_norms, learning_rates, d_ff } = lm.variants[variant];
      using model = new TransformerLM(device, {
        ...{ vocab_size: lm.vocab_size, context_length: lm.context_length, num_layers: lm.num_layers },
        ...{ d_model: lm.d_model, num_heads: lm.num_heads, d_ff },
        ...changes,
      }, { state: stateOf("init") });
      using optimizer = new AdamW(model.parameters, {
        ...{ beta1: lm.beta1, beta2: lm.beta2, epsilon: lm.eps, weightDecay: lm.weight_decay },
      });
      using clipper = new GradientClipper(device);
      using tape = new Tape(device);
      const schedule = {
        ...{ maxLearningRate: lm.max_lr, minLearningRate: lm.min_lr, warmupSteps: lm.warmup, cosineSteps: lm.cosine },
      };
      const { data, shape: [, batch, width] } = tensors.get(`${variant}/data/tokens`)!;
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
          const { data: expected } = tensors.get(`${variant}/step0/logits`)!;
          compareNumbers("logits", expected, tape.read(model.forward(tape, tokens(0, 0))), 1e-5);
          tape.reset();
        }
        const loss = model.loss(tape, tokens(step, 0), tokens(step, 1));
        compareNumbers(`loss of step ${step}`, [losses[step]], tape.read(loss), 1e-5);
        model.parameters.zeroGradients();
        tape.backward(loss);
        if (step === 0) {
          for (const [parameter, expected] of stateOf("grad0")) {
            const { gradients } = model.parameters.named.get(parameter)!;
            compareNumbers(`gradient of ${parameter}`, expected, device.download(gradients!), 1e-4);
          }
        }
        clipper.measure(model.parameters.gradients!, lm.clip);
        compareNumbers(`gradient norm of step ${step}`, [grad_norms[step]], device.download(clipper.norm), 1e-4);
        const learningRate = cosineSchedule(step, schedule);
        compareNumbers("learning rate", [learning_rates[step]], [learningRate], 1e-12);
        optimizer.step({ learningRate, gradientScale: clipper.coefficient });
      }
      const weights = model.parameters.state();
      for (const [parameter, expected] of stateOf("final")) {
        compareNumbers(parameter, expected, weights.get(parameter)!, 1e-4);
      }
    });
  }
}
