import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { atMostOneOf, differentFiles, judgedBy } from "../../scripts/frame/agreement.ts";
import { parseOptions } from "../../scripts/frame/parse_options.ts";
import { UsageError } from "../../scripts/frame/usage_error.ts";

const Options = z.object({
  width: z.int().min(1).default(8).describe("width"),
  heads: z.int().min(1).default(2).describe("heads"),
});
const divided = Options.superRefine(judgedBy(({ width, heads }) => {
  if (width % heads !== 0) throw new RangeError(`Cannot divide ${width} by ${heads}`);
}));

function refusal(words: string, schema: z.ZodObject): string {
  return assertThrows(() => parseOptions(words.split(" "), schema), UsageError).message;
}

Deno.test("what the library's check says of options together is what the person reads", () => {
  assertEquals(parseOptions(["--heads", "4"], divided).options, { width: 8, heads: 4 });
  assertEquals(refusal("--heads 3", divided), "Cannot divide 8 by 3");
});

Deno.test("options are judged together only where each is right by itself", () => {
  assertEquals(refusal("--width 7.5 --heads 2", divided), "Cannot use --width 7.5: expected an integer of at least 1");
});

Deno.test("a defect in a check is none of the command line", () => {
  const broken = Options.superRefine(judgedBy(() => {
    throw new TypeError("x is not a function");
  }));
  assertThrows(() => parseOptions([], broken), TypeError, "x is not a function");
});

Deno.test("options that exclude each other are both named; a switch that is off is not given", () => {
  const schema = z.object({
    best: z.boolean().default(false).describe("best"),
    checkpointFile: z.string().optional().describe("file"),
  }).superRefine(atMostOneOf("best", "checkpointFile"));
  assertEquals(
    refusal("--best --checkpoint-file x", schema),
    "Cannot use --checkpoint-file x: it excludes --best; give one of the two",
  );
  assertEquals(parseOptions(["--no-best", "--checkpoint-file", "x"], schema).options.checkpointFile, "x");
});

Deno.test("a file is not written over the one that is read, however its path is written", () => {
  const schema = z.object({
    input: z.string().describe("in"),
    out: z.string().optional().describe("out"),
  }).superRefine(differentFiles("input", "out"));
  for (const out of ["a/text", "./a/../a/text", `${Deno.cwd()}/a/text`]) {
    assertStringIncludes(refusal(`--input a/text --out ${out}`, schema), `--out ${out}: it is the file that is read`);
  }
  assertEquals(parseOptions(["--input", "a", "--out", "b"], schema).options.out, "b");
  assertEquals(parseOptions(["--input", "a"], schema).options.out, undefined);
});
