import { learningRate } from "../lib/experiments/problems/learning_rate.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(learningRate);
