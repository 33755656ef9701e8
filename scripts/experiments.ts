import { problems } from "../lib/experiments/problems.ts";
import { ExperimentOptions } from "./experiments/experiment_options.ts";
import { runExperiments } from "./experiments/run_experiments.ts";
import { runScript } from "./frame/run_script.ts";

await runScript({
  name: "experiments",
  summary: "all experiments of the handout in one plan: runs that several of them need are done once",
  options: ExperimentOptions,
  permissions: "experiments",
  details: "Problems: " + problems.map(({ name }) => name).join(", ") + ". Each is a task of its own as well.",
}, (options, report) => runExperiments("experiments", problems, options, report));
