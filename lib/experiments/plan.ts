import type { TrainingConfig } from "../training/training_config.ts";
import { runConfig } from "./run_config.ts";
import { fieldsOf, runHash } from "./run_identity.ts";
import type { Scale, ScaleSettings } from "./scale.ts";
import type { TextKind, Variant } from "./variant.ts";

/** A text that runs train on, before anything has been made of it. */
export interface SourceText {
  /** In a folder's name: "tinystories". */
  name: string;
  /** For people: which file, or which built-in stories. */
  about: string;
  /** What tells it from other texts: the hash of a file, or size and seed of the built-in stories. */
  id: string;
  /** The file; none for the built-in stories. */
  path?: string;
}

/** A run as planned: decided by its configuration and its text alone. */
export interface PlannedRun {
  /** Where it is or will be, under the folder of all experiments. */
  folder: string;
  /** All settings, without the paths of the text. */
  config: TrainingConfig;
  /** Which text it trains on. */
  text: TextKind;
}

/** A variant with its runs, one for each seed. */
export interface PlannedVariant {
  variant: Variant;
  runs: PlannedRun[];
}

/** What a plan is made from. */
export interface PlanOptions {
  scale: Scale;
  /** Those of the scale, or changed for this call: another number of tokens. */
  settings: ScaleSettings;
  /** The texts that are there. */
  texts: Partial<Record<TextKind, SourceText>>;
  /** Folder of all experiments' runs. */
  root: string;
}

/**
 * The runs of an experiment's variants. Seeds are 0, 1, 2 ...: the same for every variant, so that each seed brings the
 * same batches.
 *
 * @param seeds Runs of a variant that does not say how many.
 * @throws {RangeError} If a variant needs a text that is not there.
 */
export function planVariants(
  variants: readonly Variant[],
  seeds: number,
  options: PlanOptions,
): Promise<PlannedVariant[]> {
  return Promise.all(variants.map(async (variant) => {
    const all = Array.from({ length: variant.seeds ?? seeds }, (_, seed) => seed);
    return { variant, runs: await Promise.all(all.map((seed) => planRun(variant, seed, options))) };
  }));
}

/** Each run once, in the order in which they are first asked for: experiments share runs. */
export function distinctRuns(variants: readonly PlannedVariant[]): PlannedRun[] {
  return [...new Map(variants.flatMap(({ runs }) => runs).map((run) => [run.folder, run])).values()];
}

async function planRun(variant: Variant, seed: number, options: PlanOptions): Promise<PlannedRun> {
  const { change = {}, text = "stories" } = variant;
  const { scale, settings, texts, root } = options;
  const source = texts[text];
  if (source === undefined) {
    throw new RangeError(
      `Cannot plan the variant "${variant.name}": it trains on ${text}, and there is none; give a file with --openwebtext, ` +
        `or get OpenWebText with deno task data owt`,
    );
  }
  const config = runConfig(settings, change, seed);
  const changes = changedFields(config, runConfig(settings, {}, seed));
  const name = [scale, source.name, `seed-${seed}`, ...changes].join("-").slice(0, LONGEST_NAME);
  return { folder: `${root}/${name}-${await runHash(config, source.id)}`, config, text };
}

// A list of folders is legible with names of this length; the hash tells longer ones apart.
const LONGEST_NAME = 80;

// Fields that follow from others say nothing of their own in a name.
const FOLLOWING = /_every$|^eval_|^steps$|^optimizer\.(warmup|cosine|decay)_steps$|^optimizer\.min_learning_rate$/;

/** What a run changes of its scale's settings, as words for a folder's name. */
function changedFields(config: TrainingConfig, base: TrainingConfig): string[] {
  const ordinary = fieldsOf(base);
  return [...fieldsOf(config)]
    .filter(([field, value]) => ordinary.get(field) !== value && !FOLLOWING.test(field))
    .map(([field, value]) => `${field.replace(/^.*\./, "")}-${String(value).replace(/[^\w.-]/g, "")}`);
}
