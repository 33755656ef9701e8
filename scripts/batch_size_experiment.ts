import { batchSize } from "../lib/experiments/problems/batch_size.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(batchSize);
