import type { EndedRun, VariantResult } from "./results.ts";

// Training losses differ from batch to batch by less than this; an explosion is of another size.
const BATCH_NOISE = 0.3;

/** How training went: to its end, to its end after the loss had exploded for a while, or not to its end. */
export type Stability = "stable" | "exploded and recovered" | "diverged";

/**
 * How a run went. Clipping, AdamW and norms let a run at a rate far too high come back; its loss has then been above
 * that of its first steps, which a stable run's never is.
 */
export function stabilityOf({ outcome, metrics }: Pick<EndedRun, "outcome" | "metrics">): Stability {
  if (outcome.state === "diverged") return "diverged";
  const losses = metrics.flatMap(({ loss }) => typeof loss === "number" ? [loss] : []);
  return losses.some((loss) => loss > losses[0] + BATCH_NOISE) ? "exploded and recovered" : "stable";
}

/** The worst that happened to a variant's runs. */
export function worstStability({ runs }: Pick<VariantResult, "runs">): Stability {
  const seen = runs.map(stabilityOf);
  return (["diverged", "exploded and recovered"] as const).find((bad) => seen.includes(bad)) ?? "stable";
}
