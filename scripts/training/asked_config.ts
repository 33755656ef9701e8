import { overlay, parseTrainingConfig, type TrainingConfig } from "../../lib/training/training_config.ts";
import { UsageError } from "../frame/usage_error.ts";
import { checkTokenizerToTrain } from "./prepare_data.ts";

/**
 * The configuration that a file and the flags over it ask for.
 *
 * @param file What the file holds.
 * @param flags Fields given as flags.
 * @param source The file's name, for messages.
 * @param isNew Whether a run is begun with it, which may have to train a tokenizer.
 * @throws {UsageError} If it is the flags that make it wrong.
 * @throws {RangeError} If the file is wrong by itself.
 */
export function askedConfig(
  file: unknown,
  flags: Record<string, unknown>,
  source: string,
  isNew: boolean,
): TrainingConfig {
  const checked = (value: unknown, name: string) => {
    const config = parseTrainingConfig(value, name);
    if (isNew) checkTokenizerToTrain(config);
    return config;
  };
  try {
    const isOverlaid = Object.keys(flags).length > 0;
    return checked(overlay(file, flags), isOverlaid ? `${source} with the flags given` : source);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const byItself = attempt(() => checked(file, source));
    throw byItself === undefined ? error : new UsageError(error.message);
  }
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
