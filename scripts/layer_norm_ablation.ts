import { layerNorm } from "../lib/experiments/problems/layer_norm.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(layerNorm);
