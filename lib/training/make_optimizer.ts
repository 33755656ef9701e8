import type { Parameters } from "../model/parameters.ts";
import { AdamW } from "../optim/adamw.ts";
import { Muon } from "../optim/muon.ts";
import type { Optimizer } from "../optim/optimizer.ts";
import type { OptimizerConfig } from "./training_config.ts";

/** The optimizer that the configuration names, with no step done. */
export function makeOptimizer(parameters: Parameters, config: OptimizerConfig): Optimizer {
  const { beta1, beta2, eps, weight_decay, max_learning_rate, muon_learning_rate, muon_momentum } = config;
  const options = { beta1, beta2, epsilon: eps, weightDecay: weight_decay };
  if (config.name === "adamw") return new AdamW(parameters, options);
  const learningRateRatio = muon_learning_rate / max_learning_rate;
  return new Muon(parameters, { ...options, momentum: muon_momentum, learningRateRatio });
}
