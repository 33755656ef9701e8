import type { Conclusion } from "./answer.ts";
import type { ExperimentResults } from "./results.ts";
import type { Scale, ScaleSettings } from "./scale.ts";
import type { Variant } from "./variant.ts";

/**
 * A problem of the handout as data: which runs there are, and how the answer is read off them. Everything else, from
 * the plan to the page with the curves, is the same for all.
 */
export interface Experiment {
  /** The problem's name in the handout, also the task's. */
  name: string;
  /** Heading of the answer. */
  title: string;
  /** What is asked, in a sentence or two. */
  question: string;
  /** Runs of each variant. One shows a large effect; differences like those between seeds need three. */
  seeds: Record<Scale, number>;
  /** The lines of the experiment. */
  variants(scale: Scale, settings: ScaleSettings): Variant[];
  /** Reads the answer off the runs, at least one of which has finished; any others may have diverged. */
  conclude(results: ExperimentResults): Conclusion | Promise<Conclusion>;
}
