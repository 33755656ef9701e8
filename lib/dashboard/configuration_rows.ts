import { flatConfig } from "../training/flat_config.ts";

/** A field of configurations, "optimizer.beta1", and its value in each; undefined where one lacks it. */
export interface ConfigurationRow {
  field: string;
  values: readonly (string | undefined)[];
}

/**
 * Configurations side by side, a row for each field of any, in the order in which they first name them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const rows = configurationRows([{ steps: 10, model: { d_model: 64 } }, { steps: 10, model: { d_model: 128 } }]);
 * assertEquals(rows, [
 *   { field: "steps", values: ["10", "10"] },
 *   { field: "model.d_model", values: ["64", "128"] },
 * ]);
 * assertEquals(differingRows(rows).map(({ field }) => field), ["model.d_model"]);
 * ```
 */
export function configurationRows(configurations: readonly unknown[]): ConfigurationRow[] {
  const flat = configurations.map((configuration) => new Map(flatConfig(configuration)));
  const names = new Set(flat.flatMap((one) => [...one.keys()]));
  return [...names].map((field) => ({ field, values: flat.map((one) => one.get(field)) }));
}

/** The rows whose values are not all the same. */
export function differingRows(rows: readonly ConfigurationRow[]): ConfigurationRow[] {
  return rows.filter(({ values }) => values.some((value) => value !== values[0]));
}
