import { preNorm } from "../lib/experiments/problems/pre_norm.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(preNorm);
