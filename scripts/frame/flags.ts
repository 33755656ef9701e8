import { z } from "zod";

/** One command-line flag, derived from one leaf of an options schema. */
export interface Flag {
  /** As typed, without the leading dashes: "vocab-size", "model.d_model". */
  name: string;
  /** Where its value goes in the options object: ["vocabSize"], ["model", "d_model"]. */
  path: string[];
  type: "string" | "number" | "integer" | "boolean";
  /** Given several times, every value counts. */
  repeatable: boolean;
  /** Values that are allowed, where they are a closed set. */
  choices?: string[];
  default?: unknown;
  required: boolean;
  /** Numbers that are allowed, in words: "at least 1", "from 0 to 65535", "above 0, at most 1". */
  range?: string;
  description: string;
}

interface JsonSchema {
  type?: string;
  properties?: Record<string, JsonSchema>;
  required?: string[];
  items?: JsonSchema;
  anyOf?: JsonSchema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  description?: string;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
}

/**
 * The flags of an options schema, in the schema's order. Keys in camelCase become flags in kebab-case; nested objects
 * become dotted flags, as in `--model.d_model`.
 *
 * @throws {TypeError} If a leaf has a type that no flag can carry.
 */
export function flagsOf(schema: z.ZodObject): Flag[] {
  return flagsOfObject(z.toJSONSchema(schema, { io: "input" }) as JsonSchema, [], undefined);
}

function flagsOfObject(schema: JsonSchema, prefix: string[], defaults: unknown): Flag[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, property]): Flag[] => {
    const path = [...prefix, key];
    const leaf = withoutNull(property);
    const value = leaf.default ?? property.default ?? (defaults as Record<string, unknown> | undefined)?.[key];
    if (leaf.type === "object") return flagsOfObject(leaf, path, value);
    const repeatable = leaf.type === "array";
    const scalar = repeatable ? withoutNull(leaf.items ?? {}) : leaf;
    return [{
      name: path.map((part, depth) => depth === 0 ? toKebabCase(part) : part).join("."),
      path,
      type: scalarType(scalar, path),
      repeatable,
      choices: scalar.enum?.map(String),
      default: value,
      required: (schema.required ?? []).includes(key) && value === undefined,
      range: rangeOf(scalar),
      description: property.description ?? leaf.description ?? "",
    }];
  });
}

function withoutNull(schema: JsonSchema): JsonSchema {
  const others = schema.anyOf?.filter((option) => option.type !== "null");
  return others?.length === 1 ? { ...others[0], description: schema.description ?? others[0].description } : schema;
}

function scalarType(schema: JsonSchema, path: string[]): Flag["type"] {
  const type = schema.type ?? (schema.enum ? "string" : undefined);
  if (type === "string" || type === "number" || type === "integer" || type === "boolean") return type;
  throw new TypeError(`Cannot make a flag of option ${path.join(".")}: its schema's type is ${type}`);
}

function rangeOf(schema: JsonSchema): string | undefined {
  const { minimum = -Infinity, exclusiveMinimum, maximum = Infinity, exclusiveMaximum, multipleOf } = schema;
  // A schema says of every integer that it is a safe one.
  const hasMinimum = minimum > Number.MIN_SAFE_INTEGER;
  const hasMaximum = maximum < Number.MAX_SAFE_INTEGER;
  const bounds = hasMinimum && hasMaximum ? [`from ${minimum} to ${maximum}`] : [
    ...(exclusiveMinimum === undefined ? [] : [`above ${exclusiveMinimum}`]),
    ...(hasMinimum ? [`at least ${minimum}`] : []),
    ...(exclusiveMaximum === undefined ? [] : [`below ${exclusiveMaximum}`]),
    ...(hasMaximum ? [`at most ${maximum}`] : []),
  ];
  if (multipleOf !== undefined) bounds.push(`a multiple of ${multipleOf}`);
  return bounds.length > 0 ? bounds.join(", ") : undefined;
}

/** An option's key as its flag: vocabSize is --vocab-size. */
export function toKebabCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
