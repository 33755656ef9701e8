import { assertEquals, assertStringIncludes } from "@std/assert";

const root = new URL("../../", import.meta.url);

// The scripts themselves, as a person would run them, without any permission unless one is named.
async function run(script: string, args: string[] = [], permissions: string[] = []) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "--no-lock", ...permissions, `scripts/${script}.ts`, ...args],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

Deno.test("accounting answers without any permission, with dimensions overridden", async () => {
  const { code, stdout, stderr } = await run("accounting", [
    "gpt2-xl",
    "--context-length=16384",
    "--batch-size=8",
    "--device=h100",
    "--mfu=0.5",
    "--steps=400000",
  ]);
  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "2,127,057,600");
  assertStringIncludes(stdout, "1,196,182,365,798,400"); // 8 x 149,522,795,724,800
  assertStringIncludes(stdout, "the batch does not fit; not even one sequence fits");
  assertStringIncludes(stdout, "\nc     sequence length, in tokens (context_length)  16,384\n");
});

Deno.test("accounting --json gives formulas, numbers and exact values", async () => {
  const { code, stdout } = await run("accounting", ["gpt2-xl", "--json"]);
  assertEquals(code, 0);
  const { results } = JSON.parse(stdout);
  assertEquals(results.account["Forward pass of the batch"].lines.at(-1), {
    name: "total",
    value: "4513336524800",
    formula: "2 b c d (n (4 d + 2 c + 3 d_ff) + V)",
    expanded: "2 × 1 × 1,024 × 1,600 × (48 × (4 × 1,600 + 2 × 1,024 + 3 × 6,400) + 50,257)",
  });
  assertEquals(results.model.d_ff, 6400);
});

Deno.test("accounting --markdown and --formula print what they promise", async () => {
  const [markdown, formula] = await Promise.all([
    run("accounting", ["gpt2-xl", "--markdown"]),
    run("accounting", ["gpt2-xl", "--formula"]),
  ]);
  assertStringIncludes(markdown.stdout, "| total | 2,127,057,600 |");
  assertStringIncludes(
    formula.stdout,
    "    = d (n (2 + 4 d + 3 d_ff) + 2 V + 1)\n" +
      "    = 1,600 × (48 × (2 + 4 × 1,600 + 3 × 6,400) + 2 × 50,257 + 1)\n    = 2,127,057,600\n",
  );
});

Deno.test("accounting --measure finds the formulas equal to the real model, without permission", async () => {
  const { code, stdout, stderr } = await run("accounting", ["gpt2-xl", "--batch-size=8", "--measure", "--json"]);
  assertEquals([code, stderr], [0, ""]);
  const { results: { measured } } = JSON.parse(stdout);
  assertEquals(measured.length, 2 * 28 + 1);
  for (const row of measured) assertEquals(row.measured, row.predicted, row.name);
});

Deno.test("accounting refuses wrong input with a message that helps, and prints nothing else", async () => {
  const wrong: [string[], string][] = [
    [["gpt2xl"], `the nearest is "gpt2-xl"`],
    [["--device", "h10"], `the nearest is "h100"`],
    [["--num-layers", "0"], "Cannot use --num-layers 0"],
    [["--d-model", "100"], "d_model must be a multiple of num_heads"],
    [["--batch-size", "-4"], "Cannot use --batch-size -4"],
    [["--mfu", "0"], "Cannot use --mfu 0"],
    [["--mfu", "1.5"], "Cannot use --mfu 1.5"],
  ];
  const answers = await Promise.all(wrong.map(([args]) => run("accounting", args)));
  answers.forEach(({ code, stdout, stderr }, i) => {
    assertEquals([code > 0, stdout], [true, ""], wrong[i][0].join(" "));
    assertStringIncludes(stderr, wrong[i][1]);
  });
});

Deno.test("transformer_accounting and adamw_accounting reproduce the published tables with verdicts", async () => {
  const [transformer, adamw] = await Promise.all([run("transformer_accounting"), run("adamw_accounting")]);
  assertEquals([transformer.code, transformer.stderr, adamw.code, adamw.stderr], [0, "", 0, ""]);
  assertStringIncludes(
    transformer.stdout,
    "3,923,043,942,400  3,923,043,942,400  4,513,336,524,800  left out, counted twice",
  );
  assertStringIncludes(transformer.stdout, "V is vocab_size; d is d_model.");
  assertStringIncludes(transformer.stdout, "is that of 32 layers; GPT-2 large has 36");
  assertStringIncludes(adamw.stdout, "8.86");
  assertStringIncludes(adamw.stdout, "6,584");
});

Deno.test("transformer_accounting --chart writes an SVG, with permission for its folder only", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const chart = `${folder}/shares.svg`;
    const { code, stderr } = await run("transformer_accounting", ["--chart", chart], [
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
    ]);
    assertEquals([code, stderr], [0, ""]);
    assertStringIncludes(await Deno.readTextFile(chart), "GPT-2 XL, 16,384 tokens");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("accounting --measure refuses more layers than can be built, and points to the formulas", async () => {
  const { code, stderr } = await run("accounting", ["--measure", "--num-layers", "1e9"]);
  assertEquals(code, 2);
  assertStringIncludes(stderr, "Cannot measure 1000000000 layers: ");
  assertStringIncludes(stderr, "leave out --measure for the formulas");
});
