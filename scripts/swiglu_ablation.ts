import { swiglu } from "../lib/experiments/problems/swiglu.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(swiglu);
