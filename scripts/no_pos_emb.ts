import { noPosEmb } from "../lib/experiments/problems/no_pos_emb.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(noPosEmb);
