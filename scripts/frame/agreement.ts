import { resolve } from "node:path";
import type { z } from "zod";
import { toKebabCase } from "./flags.ts";

// What options must satisfy together, as refinements of a schema: schema.superRefine(atMostOneOf("best", "run")).
// A refused command line ends with the code of a wrong one, before anything is done.

/** A check of a schema's output, as `superRefine()` takes it. */
export type Refinement<Options> = (options: Options, context: z.RefinementCtx<Options>) => void;

/**
 * Lets the library's own check judge: a RangeError is what is wrong with the options, in its words.
 *
 * @param check Throws where the options cannot be used; it must not look at anything but them.
 */
export function judgedBy<Options>(check: (options: Options) => unknown): Refinement<Options> {
  return (options, context) => {
    try {
      check(options);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      context.addIssue({ code: "custom", message: error.message });
    }
  };
}

/** Refuses options that exclude each other. */
export function atMostOneOf<Options extends Record<string, unknown>>(
  ...names: (keyof Options & string)[]
): Refinement<Options> {
  return (options, context) => {
    const [first, second] = names.filter((name) => options[name] !== undefined && options[name] !== false);
    if (second === undefined) return;
    const path = [second];
    context.addIssue({ code: "custom", path, message: `it excludes --${toKebabCase(first)}; give one of the two` });
  };
}

/** Refuses to write a file over the one that is read. */
export function differentFiles<Options extends Record<string, unknown>>(
  input: keyof Options & string,
  output: keyof Options & string,
): Refinement<Options> {
  return (options, context) => {
    const [read, written] = [options[input], options[output]];
    if (typeof read !== "string" || typeof written !== "string" || resolve(read) !== resolve(written)) return;
    context.addIssue({ code: "custom", path: [output], message: "it is the file that is read; give another name" });
  };
}
