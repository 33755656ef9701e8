import type { Experiment } from "./experiment.ts";
import { batchSize } from "./problems/batch_size.ts";
import { layerNorm } from "./problems/layer_norm.ts";
import { leaderboard } from "./problems/leaderboard.ts";
import { learningRate } from "./problems/learning_rate.ts";
import { mainExperiment } from "./problems/main_experiment.ts";
import { noPosEmb } from "./problems/no_pos_emb.ts";
import { preNorm } from "./problems/pre_norm.ts";
import { swiglu } from "./problems/swiglu.ts";

/** Every problem of the handout that is an experiment, in its order. */
export const problems: readonly Experiment[] = [
  learningRate,
  batchSize,
  layerNorm,
  preNorm,
  noPosEmb,
  swiglu,
  mainExperiment,
  leaderboard,
];
