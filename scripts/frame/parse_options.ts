import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { nearestName } from "../../lib/data/nearest_name.ts";
import { type Flag, flagsOf } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** Flags that every task understands besides its own. */
export const sharedFlags: readonly Flag[] = [
  {
    name: "json",
    path: ["json"],
    type: "boolean",
    repeatable: false,
    default: false,
    required: false,
    description: "print the result as one JSON object on stdout, and nothing else there",
  },
  {
    name: "help",
    path: ["help"],
    type: "boolean",
    repeatable: false,
    default: false,
    required: false,
    description: "print this help",
  },
];

/** What a command line says: the task's own options, checked, and the flags that every task shares. */
export interface ParsedOptions<Schema extends z.ZodObject> {
  options: z.output<Schema>;
  json: boolean;
}

const Parsed = z.looseObject({ _: z.array(z.union([z.string(), z.number()])) });

/** Whether the command line asks for help, in any place. */
export function asksForHelp(args: readonly string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

/**
 * Reads a command line by an options schema. Dashes and underscores in a flag's name are one, since tasks have both:
 * --batch_size is a field of a configuration, --batch-size an option.
 *
 * @param words The words after the script's name.
 * @param schema Options as a zod object; nested objects are dotted flags.
 * @param positional Options, by key, that may also be given in this order without a flag; a repeatable one takes all
 *   words that are left.
 * @throws {UsageError} For an unknown flag (a known one that is near is named), a missing or unreadable value, one flag
 *   given twice that is not repeatable, or a value that the schema refuses.
 */
export function parseOptions<Schema extends z.ZodObject>(
  words: readonly string[],
  schema: Schema,
  positional: readonly string[] = [],
): ParsedOptions<Schema> {
  const flags = [...flagsOf(schema), ...sharedFlags];
  const args = words.map((word) => withNameOf(flags, word));
  const booleans = flags.filter((flag) => flag.type === "boolean").map((flag) => flag.name);
  const strings = flags.filter((flag) => flag.type !== "boolean").map((flag) => flag.name);
  const parsed = Parsed.parse(parseArgs(joinValues(args, strings), {
    string: [...strings, "_"],
    boolean: booleans,
    negatable: booleans,
    collect: flags.filter((flag) => flag.type !== "boolean").map((flag) => flag.name),
    unknown: (word: string, key: string | undefined) => {
      if (key !== undefined) throw new UsageError(unknownFlag(word, flags));
    },
  }));
  const rest = parsed._.map(String);
  const given: Record<string, unknown> = {};
  const typed = new Map<Flag, string>();
  for (const flag of flags) {
    const value = readPath(parsed, flag.name.split("."));
    if (flag.type === "boolean") {
      const mentions = args.filter((word) => isMention(word, flag.name));
      if (mentions.length > 0) writePath(given, flag.path, value);
      checkSwitch(flag, mentions);
      checkGivenOnce(flag, mentions);
      continue;
    }
    const values = z.array(z.string()).parse(value ?? []);
    if (positional.includes(flag.name) && values.length === 0) {
      values.push(...rest.splice(0, flag.repeatable ? Infinity : 1));
    }
    if (values.length === 0) continue;
    if (!flag.repeatable) checkGivenOnce(flag, values.map((text) => `--${flag.name} ${text}`));
    const read = values.map((text) => readValue(flag, text));
    typed.set(flag, values.join(" "));
    writePath(given, flag.path, flag.repeatable ? read : read[0]);
  }
  if (rest.length > 0) {
    throw new UsageError(
      `Cannot use "${rest[0]}": this task takes ${
        positional.length > 0 ? `at most ${positional.join(", ")} without a flag` : "flags only"
      }; see --help`,
    );
  }
  const { json, ...own } = given as { json?: boolean };
  const checked = schema.safeParse(own);
  if (!checked.success) {
    // What options must satisfy together means nothing where one of them is wrong by itself.
    const { issues } = checked.error;
    const ofOne = issues.filter(({ code }) => code !== "custom");
    const told = ofOne.length > 0 ? ofOne : issues;
    throw new UsageError(told.map((issue) => explain(issue, typed, flags)).join("\n"));
  }
  return { options: checked.data, json: json ?? false };
}

/**
 * A word as it was typed; where it is a flag but for dashes in place of underscores or the reverse, by the flag's name.
 */
function withNameOf(flags: readonly Flag[], word: string): string {
  const [, dashes, typed, value] = /^(--(?:no-)?)([^=]+)(.*)$/s.exec(word) ?? [];
  if (typed === undefined || flags.some(({ name }) => name === typed)) return word;
  const flag = flags.find(({ name }) => name.replaceAll("_", "-") === typed.replaceAll("_", "-"));
  return flag ? dashes + flag.name + value : word;
}

// parseArgs() takes "-1" after a flag for another flag, and an empty word for one without a flag; "--flag=-1" and
// "--flag=" are unambiguous.
function joinValues(args: readonly string[], strings: readonly string[]): string[] {
  const joined: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const next = args[i + 1];
    if (strings.includes(args[i].replace(/^--/, "")) && next !== undefined && /^(-\.?\d|$)/.test(next)) {
      joined.push(`${args[i]}=${next}`);
      i++;
    } else joined.push(args[i]);
  }
  return joined;
}

function isMention(word: string, name: string): boolean {
  return word === `--${name}` || word === `--no-${name}` || word.startsWith(`--${name}=`);
}

function checkSwitch({ name }: Flag, mentions: readonly string[]): void {
  const wrong = mentions.find((word) => word.includes("=") && !/=(true|false)$/.test(word));
  if (wrong !== undefined) throw new UsageError(`Cannot use ${wrong}: it is a switch; give --${name} or --no-${name}`);
}

function checkGivenOnce({ name }: Flag, given: readonly string[]): void {
  if (given.length < 2) return;
  throw new UsageError(`Cannot use --${name} more than once: there are ${given.join(" and ")}; give it once`);
}

function readValue(flag: Flag, text: string): string | number {
  // A text whose default is to be empty may be emptied.
  if (text === "" && flag.default === "") return text;
  if (text === "") throw new UsageError(`Cannot use --${flag.name}: it needs a value; see --help`);
  if (flag.type === "string") return text;
  const number = Number(text.replace(/(?<=\d)_(?=\d)/g, ""));
  if (Number.isNaN(number) || text.trim() === "") {
    throw new UsageError(`Cannot use --${flag.name} ${text}: expected ${expectedValue(flag, text)}${inFigures(text)}`);
  }
  return number;
}

const MAGNITUDES: Record<string, string> = { k: "e3", m: "e6", g: "e9", t: "e12" };

/** How a number with a letter or with commas is typed; nothing for what is none. */
function inFigures(text: string): string {
  const [, digits, letter = ""] = /^(\d[\d_.]*|\d{1,3}(?:,\d{3})+)([kmgt]?)b?$/i.exec(text) ?? [];
  if (digits === undefined || text === digits && !text.includes(",")) return "";
  return `; in figures alone: ${digits.replaceAll(",", "_")}${MAGNITUDES[letter.toLowerCase()] ?? ""}`;
}

function explain(issue: z.core.$ZodIssue, typed: ReadonlyMap<Flag, string>, flags: readonly Flag[]): string {
  const path = issue.path.map(String);
  const flag = flags.find((candidate) => candidate.path.join(".") === path.slice(0, candidate.path.length).join("."));
  if (!flag) return issue.message;
  const text = typed.get(flag);
  if (text === undefined && flag.required) {
    const choices = flag.choices ? `; expected ${expectedValue(flag, "")}` : "";
    return `Cannot start: --${flag.name} is missing (${flag.description || "a value that the task needs"})${choices}`;
  }
  const isOfWrongKind = ["too_small", "too_big", "invalid_type", "invalid_value", "not_multiple_of"].includes(
    issue.code,
  );
  return `Cannot use --${flag.name}${text === undefined ? "" : ` ${text}`}: ${
    isOfWrongKind ? `expected ${expectedValue(flag, text ?? "")}` : issue.message
  }`;
}

/**
 * What a flag takes and `text` is not, in the words of `--help`: "an integer of at least 1", "one of gpt2, tiktoken".
 */
function expectedValue({ type, choices, range = "" }: Flag, text: string): string {
  if (choices) return `one of ${choices.join(", ")}`;
  const number = Number(text);
  const kind = type === "integer"
    ? "an integer"
    : Number.isNaN(number) || Number.isFinite(number)
    ? "a number"
    : "a finite number";
  const isTooLong = type === "integer" && Number.isFinite(number) && Math.abs(number) > Number.MAX_SAFE_INTEGER;
  return [
    kind,
    ...(range === "" ? [] : [/^at /.test(range) ? `of ${range}` : range]),
    ...(isTooLong ? ["below 2^53"] : []),
  ]
    .join(" ");
}

// A flag is also known by the last part of its name, and with dashes for underscores: --d-model is near
// --model.d_model.
function unknownFlag(word: string, flags: readonly Flag[]): string {
  const plain = (name: string) => name.replaceAll("_", "-");
  const names = flags.map((flag) => flag.name);
  const byPlainName = new Map(names.map((name) => [plain(name.replace(/^.*\./, "")), name]));
  for (const name of names) byPlainName.set(plain(name), name);
  const nearest = nearestName(plain(word.replace(/^-+/, "").replace(/=.*$/s, "")), [...byPlainName.keys()]);
  const hint = nearest === undefined ? "see --help" : `the nearest is --${byPlainName.get(nearest)} (see --help)`;
  return `Cannot use ${word.replace(/=.*$/s, "")}: there is no such flag; ${hint}`;
}

function readPath(value: unknown, path: readonly string[]): unknown {
  for (const key of path) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}

function writePath(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  for (const key of path.slice(0, -1)) target = (target[key] ??= {}) as Record<string, unknown>;
  target[path[path.length - 1]] = value;
}
