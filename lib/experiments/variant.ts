import type { ModelConfigInput } from "../model/config_fields.ts";
import type { OptimizerConfig } from "../training/training_config.ts";

/** What a variant changes of the settings that its scale gives to all. */
export interface Change {
  /** Fields of the model. */
  model?: Partial<ModelConfigInput>;
  /** Fields of the optimizer. */
  optimizer?: Partial<OptimizerConfig>;
  /** Sequences in a batch; the number of steps follows, so that the tokens stay the same. */
  batch_size?: number;
}

/** A text that an experiment may train on: stories, which all do, or prose of the web. */
export type TextKind = "stories" | "prose";

/** One line of an experiment: a name and what is different. */
export interface Variant {
  /** Stands at its curve and in the tables. */
  name: string;
  /** What is different; nothing for the baseline. */
  change?: Change;
  /** Runs that differ by their seed alone, if other than the experiment's. */
  seeds?: number;
  /** Whether the others are compared with it; if none says so, the first is the baseline. */
  isBaseline?: boolean;
  /** What it trains on; stories if left out. */
  text?: TextKind;
}
