import { leaderboard } from "../lib/experiments/problems/leaderboard.ts";
import { experimentScript } from "./experiments/experiment_script.ts";

await experimentScript(leaderboard);
