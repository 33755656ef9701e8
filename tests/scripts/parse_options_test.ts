import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { z } from "zod";
import { parseOptions } from "../../scripts/frame/parse_options.ts";
import { UsageError } from "../../scripts/frame/usage_error.ts";

const Options = z.object({
  input: z.string().optional().describe("text file"),
  vocabSize: z.int().min(257).default(10_000).describe("entries"),
  specialToken: z.array(z.string()).default(["<|endoftext|>"]).describe("special token"),
  format: z.enum(["gpt2", "tiktoken"]).default("gpt2").describe("format"),
  temperature: z.number().min(0).max(2).default(1).describe("randomness"),
  compile: z.boolean().default(true).describe("compile"),
  model: z.object({ d_model: z.int().default(512).describe("width"), num_heads: z.int().default(16).describe("heads") })
    .prefault({}),
});

Deno.test("parseOptions() fills in every default of the schema", () => {
  assertEquals(parseOptions([], Options), {
    options: {
      vocabSize: 10_000,
      specialToken: ["<|endoftext|>"],
      format: "gpt2",
      temperature: 1,
      compile: true,
      model: { d_model: 512, num_heads: 16 },
    },
    json: false,
  });
});

Deno.test("parseOptions() reads numbers, repeated flags, dotted flags, switches and positional words", () => {
  const { options, json } = parseOptions(
    "corpus.txt --vocab-size 32_000 --special-token a --special-token=b --temperature 1e-2 --no-compile --model.d_model 64 --json"
      .split(" "),
    Options,
    ["input"],
  );
  assertEquals(options, {
    input: "corpus.txt",
    vocabSize: 32_000,
    specialToken: ["a", "b"],
    format: "gpt2",
    temperature: 0.01,
    compile: false,
    model: { d_model: 64, num_heads: 16 },
  });
  assertEquals(json, true);
});

Deno.test("parseOptions() gives a repeatable option all words that are left, as a shell makes them of data/*.txt", () => {
  const schema = z.object({ input: z.array(z.string()).default([]).describe("files"), size: z.int().optional() });
  assertEquals(parseOptions("a b --size 3 c".split(" "), schema, ["input"]).options, {
    input: ["a", "b", "c"],
    size: 3,
  });
  assertThrows(() => parseOptions("b --input a".split(" "), schema, ["input"]), UsageError, `Cannot use "b"`);
});

Deno.test("parseOptions() takes dashes for underscores in a flag's name and the reverse, in no value", () => {
  const { options } = parseOptions(
    "--vocab_size 300 --special_token=a_b --model.num-heads=2 --no-compile".split(" "),
    Options,
  );
  assertEquals([options.vocabSize, options.specialToken, options.model.num_heads], [300, ["a_b"], 2]);
});

const refusals: [string, RegExp][] = [
  ["--vocab-sise 300", /no such flag; the nearest is --vocab-size/],
  ["--modle.d_model 3", /no such flag; the nearest is --model.d_model/],
  ["--d-model 3", /no such flag; the nearest is --model.d_model/],
  ["--vocab_sise=3", /^Cannot use --vocab_sise: there is no such flag; the nearest is --vocab-size/],
  ["--verbose", /--verbose: there is no such flag; see --help$/],
  ["-v", /-v: there is no such flag; see --help$/],
  ["--vocab-size 256", /--vocab-size 256: expected an integer of at least 257$/],
  ["--vocab-size 1e30", /--vocab-size 1e30: expected an integer of at least 257 below 2\^53$/],
  ["--vocab-size 300.5", /--vocab-size 300.5: expected an integer of at least 257$/],
  ["--vocab-size many", /--vocab-size many: expected an integer of at least 257$/],
  ["--vocab-size 10k", /--vocab-size 10k: expected an integer of at least 257; in figures alone: 10e3$/],
  ["--vocab-size 1.5M", /expected an integer of at least 257; in figures alone: 1.5e6$/],
  ["--vocab-size 2GB", /expected an integer of at least 257; in figures alone: 2e9$/],
  ["--vocab-size 10,000", /expected an integer of at least 257; in figures alone: 10_000$/],
  ["--vocab-size 10,00", /expected an integer of at least 257$/],
  ["--vocab-size 10_000_", /expected an integer of at least 257$/],
  ["--vocab-size", /--vocab-size: it needs a value/],
  ["--temperature -1", /--temperature -1: expected a number from 0 to 2$/],
  ["--temperature 1e400", /--temperature 1e400: expected a finite number from 0 to 2$/],
  ["--format json", /--format json: expected one of gpt2, tiktoken$/],
  ["--compile=3", /--compile=3: it is a switch; give --compile or --no-compile$/],
  ["--json=yes", /--json=yes: it is a switch/],
  ["--model.d_model x", /--model.d_model x: expected an integer/],
  [
    "--vocab-size 300 --vocab-size=400",
    /--vocab-size more than once: there are --vocab-size 300 and --vocab-size 400;/,
  ],
  ["--model.d_model 3 --model.d_model 3", /^Cannot use --model.d_model more than once/],
  ["--compile --no-compile", /--compile more than once: there are --compile and --no-compile; give it once$/],
  ["--json --json", /^Cannot use --json more than once/],
  ["one two", /Cannot use "two"/],
];
for (const [line, message] of refusals) {
  Deno.test(`parseOptions() refuses "${line}" and says why`, () => {
    const error = assertThrows(() => parseOptions(line.split(" "), Options, ["input"]), UsageError);
    assertMatch(error.message, message);
  });
}

Deno.test("parseOptions() names a required flag that is missing", () => {
  const schema = z.object({ tokenizer: z.string().describe("folder of a tokenizer") });
  assertThrows(() => parseOptions([], schema), UsageError, "--tokenizer is missing (folder of a tokenizer)");
  const chosen = z.object({ corpus: z.enum(["tinystories", "owt"]).describe("data set") });
  assertThrows(
    () => parseOptions([], chosen),
    UsageError,
    "--corpus is missing (data set); expected one of tinystories, owt",
  );
});

Deno.test("parseOptions() names every flag that the schema refuses", () => {
  const error = assertThrows(() => parseOptions(["--vocab-size", "1", "--temperature=-3"], Options), UsageError);
  assertEquals(error.message.split("\n").length, 2);
});

Deno.test("parseOptions() takes an empty text where that is the default, and nowhere else", () => {
  const schema = z.object({
    prompt: z.string().default("").describe("text"),
    out: z.string().default("runs").describe("folder"),
  });
  for (const args of [[""], ["--prompt", ""], ["--prompt="]]) {
    assertEquals(parseOptions(args, schema, ["prompt"]).options, { prompt: "", out: "runs" });
  }
  assertThrows(() => parseOptions(["--out", ""], schema), UsageError, "Cannot use --out: it needs a value");
});
