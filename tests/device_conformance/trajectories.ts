import type { ModelConfigInput } from "../../lib/model/config_fields.ts";
import type { Parameters } from "../../lib/model/parameters.ts";
import { AdamW } from "../../lib/optim/adamw.ts";
import { cosineSchedule } from "../../lib/optim/cosine_schedule.ts";
import { linearSchedule } from "../../lib/optim/linear_schedule.ts";
import { Muon } from "../../lib/optim/muon.ts";
import type { Optimizer } from "../../lib/optim/optimizer.ts";
import { readReference, reference, switches } from "../fixtures/reference_tensors.ts";

/** What each variant of make_reference.py changes. */
export const variants: Record<string, Partial<ModelConfigInput>> = {
  base: {},
  post_norm: { norm: "post" },
  no_norm: { norm: "none" },
  nope: { position: "none" },
  silu_ffn: { ffn: "silu" },
  tied: { tied_embeddings: true },
};

/** A small model with its optimizer and schedule, and the steps that PyTorch took with them. */
export interface Trajectory {
  /** The model. */
  config: ModelConfigInput;
  /** Norm to which gradients are clipped. */
  maxNorm: number;
  /** What each step gave. */
  expected: { losses: number[]; grad_norms: number[]; learning_rates: number[] };
  /** Token ids [steps, batch, context_length + 1]: inputs are all but the last, targets all but the first. */
  data: () => { data: Float32Array | Int32Array; shape: number[] };
  /** Tensors of one kind ("init", "step0", "grad0", "final") by name. */
  tensors: (kind: string) => Map<string, Float32Array>;
  /** The optimizer, with no step done. */
  makeOptimizer: (parameters: Parameters) => Optimizer;
  /** The schedule. */
  learningRate: (step: number) => number;
}

/** Every trajectory by the name of its variant in make_reference.py or make_switches.py. */
export const trajectories: Record<string, Trajectory> = {
  ...Object.fromEntries(Object.entries(variants).map(([name, changes]) => [name, ofAdamW("lm", name, changes)])),
  qk_norm: ofAdamW("switches", "qk_norm", { qk_norm: true }),
  relu2: ofAdamW("switches", "relu2", { ffn: "relu2" }),
  muon: { ...ofAdamW("switches", "muon", {}), makeOptimizer: makeMuon },
  together: {
    ...ofAdamW("switches", "together", { qk_norm: true, ffn: "relu2", tied_embeddings: true, num_kv_heads: 2 }),
    makeOptimizer: makeMuon,
    learningRate: linear,
  },
};

function ofAdamW(file: "lm" | "switches", variant: string, changes: Partial<ModelConfigInput>): Trajectory {
  const lm = file === "lm" ? reference.lm : switches;
  const { d_ff, ...expected } = lm.variants[variant];
  const { vocab_size, context_length, num_layers, d_model, num_heads, beta1, beta2, eps, weight_decay } = lm;
  return {
    config: { vocab_size, context_length, num_layers, d_model, num_heads, d_ff, ...changes },
    maxNorm: lm.clip,
    expected,
    data: () => readReference(file).get(`${variant}/data/tokens`)!,
    tensors(kind) {
      const prefix = `${variant}/${kind}/`;
      const entries = [...readReference(file)].filter(([key]) => key.startsWith(prefix));
      return new Map(entries.map(([key, { data }]) => [key.slice(prefix.length), data as Float32Array]));
    },
    makeOptimizer: (parameters) => new AdamW(parameters, { beta1, beta2, epsilon: eps, weightDecay: weight_decay }),
    learningRate: (step) => cosineSchedule(step, { ...rise(lm), cosineSteps: lm.cosine }),
  };
}

function makeMuon(parameters: Parameters): Optimizer {
  const { beta1, beta2, eps, weight_decay, max_lr, muon_lr, muon_momentum } = switches;
  return new Muon(parameters, {
    ...{ beta1, beta2, epsilon: eps, weightDecay: weight_decay },
    ...{ momentum: muon_momentum, learningRateRatio: muon_lr / max_lr },
  });
}

function linear(step: number): number {
  return linearSchedule(step, { ...rise(switches), decaySteps: switches.decay, lastStep: switches.cosine });
}

function rise({ max_lr, min_lr, warmup }: { max_lr: number; min_lr: number; warmup: number }) {
  return { maxLearningRate: max_lr, minLearningRate: min_lr, warmupSteps: warmup };
}
