import { type Flag, flagsOf } from "./flags.ts";
import { sharedFlags } from "./parse_options.ts";
import type { ScriptDefinition } from "./script_definition.ts";
import { wrapText } from "./wrap_text.ts";

/**
 * The text of `--help`, made from the same schema that reads the options.
 *
 * @param columns Width that lines are broken to: what a flag means beside it, or below it where the flag is long.
 */
export function helpText(script: ScriptDefinition, columns = 100): string {
  const flags = flagsOf(script.options);
  const rows = [...flags, ...sharedFlags].map((flag) => [`  ${nameOf(flag)}${valueOf(flag)}`, about(flag)]);
  const widths = rows.map(([left]) => left.length).filter((width) => width <= columns / 3);
  const indent = " ".repeat(Math.max(4, ...widths) + 2);
  return [
    ...wrapText(`${script.name}: ${script.summary}`, columns),
    "",
    ...wrapText(usageOf(script, flags), columns),
    "",
    ...rows.flatMap(([left, right]) => {
      const lines = wrapText(indent + right, columns);
      return left.length + 2 > indent.length
        ? [left, ...lines]
        : [left + lines[0].slice(left.length), ...lines.slice(1)];
    }),
    ...(script.details ? ["", ...wrapText(script.details, columns)] : []),
  ].join("\n");
}

/** How to call a task: words that need no flag, in brackets where they may be left out, and the flags that may not. */
function usageOf({ name, positional = [] }: ScriptDefinition, flags: readonly Flag[]): string {
  const words = positional.map((key) => {
    const flag = flags.find(({ path }) => path[0] === key)!;
    const word = flag.name.toUpperCase() + (flag.repeatable ? " ..." : "");
    return flag.required ? word : `[${word}]`;
  });
  const required = flags.filter((flag) => flag.required && !positional.includes(flag.path[0]));
  const given = required.map((flag) => `${nameOf(flag)}${valueOf(flag)}`);
  return ["Usage: deno task", name, ...words, ...given, "[options]"].join(" ");
}

function nameOf(flag: Flag): string {
  return `--${isOn(flag) ? "[no-]" : ""}${flag.name}`;
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
