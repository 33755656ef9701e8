import { existsSync } from "node:fs";
import { basename } from "node:path";

// Fields of a configuration that name files.
const PATHS = ["input", "data", "validation_data", "tokenizer"];

/**
 * Where something of a run is. A run's folder may have been renamed, copied or moved since its configuration was
 * written: what is no longer where that says, and lies in the folder under its name, is there.
 *
 * @param path As the configuration says.
 * @param run The run's folder.
 */
export function pathInRun(path: string, run: string): string {
  const here = `${run}/${basename(path)}`;
  return !existsSync(path) && existsSync(here) ? here : path;
}

/** A run's configuration with every path where it is now; anything but an object comes back as it is. */
export function followRun(config: unknown, run: string): unknown {
  if (typeof config !== "object" || config === null) return config;
  return Object.fromEntries(
    Object.entries(config).map(([field, value]) => [
      field,
      PATHS.includes(field) && typeof value === "string" ? pathInRun(value, run) : value,
    ]),
  );
}
