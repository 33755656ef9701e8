import { type Flag, flagsOf } from "./flags.ts";
import { sharedFlags } from "./parse_options.ts";
import type { ScriptDefinition } from "./script_definition.ts";

/** The text of `--help`, made from the same schema that reads the options. */
export function helpText(script: ScriptDefinition): string {
  const flags = flagsOf(script.options);
  const words = (script.positional ?? []).map((name) => ` ${wordOf(name, flags)}`).join("");
  const rows = [...flags, ...sharedFlags].map((
    flag,
  ) => [`--${isOn(flag) ? "[no-]" : ""}${flag.name}${valueOf(flag)}`, about(flag)]);
  const width = Math.max(...rows.map(([left]) => left.length));
  return [
    `${script.name}: ${script.summary}`,
    "",
    `Usage: deno task ${script.name}${words} [options]`,
    "",
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`),
    ...(script.details ? ["", script.details] : []),
  ].join("\n");
}

/** A word without a flag in the line of usage: in brackets where it may be left out. */
function wordOf(name: string, flags: readonly Flag[]): string {
  const flag = flags.find(({ path }) => path[0] === name)!;
  const words = flag.repeatable ? `${name} ...` : name;
  return flag.required ? words : `[${words}]`;
}

function valueOf(flag: Flag): string {
  if (flag.type === "boolean") return "";
  const value = flag.choices?.join("|") ?? (flag.type === "string" ? "TEXT" : flag.type === "integer" ? "N" : "X");
  return ` ${value}${flag.repeatable ? " ..." : ""}`;
}

function about(flag: Flag): string {
  const limits = [
    flag.required ? "required" : "",
    flag.range?.replace(/\d{5,}/g, groupDigits) ?? "",
    flag.repeatable ? "repeatable" : "",
    isOn(flag) ? "on by default" : hasDefault(flag) ? `default ${[flag.default].flat().map(quoteText).join(" ")}` : "",
  ].filter((part) => part !== "");
  return flag.description + (limits.length > 0 ? ` (${limits.join("; ")})` : "");
}

/** A switch that is on: what can be typed is its negation. */
function isOn(flag: Flag): boolean {
  return flag.type === "boolean" && flag.default === true;
}

function hasDefault({ default: value }: Flag): boolean {
  return value !== undefined && value !== false && value !== "" && !(Array.isArray(value) && value.length === 0);
}

// A default as it would be typed, digits in groups.
function quoteText(value: unknown): string {
  if (typeof value === "number" && Number.isInteger(value)) return groupDigits(String(value));
  return /\s/.test(String(value)) ? `"${value}"` : String(value);
}

function groupDigits(digits: string): string {
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "_");
}
