import { mainExperiment } from "../lib/experiments/problems/main_experiment.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(mainExperiment);
