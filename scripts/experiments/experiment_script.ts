import type { Experiment } from "../../lib/experiments/experiment.ts";
import { runScript } from "../frame/run_script.ts";
import { ExperimentOptions } from "./experiment_options.ts";
import { runExperiments } from "./run_experiments.ts";

/** The task of one problem: all that tells it from the others is the experiment. */
export async function experimentScript(experiment: Experiment): Promise<void> {
  await runScript({
    name: experiment.name,
    summary: `problem ${experiment.name}: ${experiment.question}`,
    options: ExperimentOptions,
    permissions: "experiments",
    details: [
      "Runs that have ended are not repeated, stopped ones go on, and several processes may be given the same work.",
      "Runs lie in runs/experiments, the answer with its curves in results/.",
    ].join("\n"),
  }, (options, report) => runExperiments(experiment.name, [experiment], options, report));
}
