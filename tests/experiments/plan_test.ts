import { assert, assertEquals, assertRejects } from "@std/assert";
import { distinctRuns, type PlannedVariant, planVariants, type SourceText } from "../../lib/experiments/plan.ts";
import { problems } from "../../lib/experiments/problems.ts";
import { type Scale, scaleNames, scales } from "../../lib/experiments/scale.ts";

const stories: SourceText = { name: "stories", about: "stories", id: "stories" };
const prose: SourceText = { name: "prose", about: "prose", id: "prose" };

function plan(name: string, scale: Scale): Promise<PlannedVariant[]> {
  const experiment = problems.find((problem) => problem.name === name)!;
  const settings = scales[scale];
  return planVariants(experiment.variants(scale, settings), experiment.seeds[scale], {
    ...{ scale, settings, root: "runs/experiments", texts: { stories, prose } },
  });
}

for (const scale of scaleNames) {
  Deno.test(`every experiment has a valid plan at the scale ${scale}, its variants named apart, one of them the baseline`, async () => {
    for (const { name } of problems) {
      const variants = await plan(name, scale);
      const names = variants.map(({ variant }) => variant.name);
      assertEquals(new Set(names).size, names.length, name);
      assert(names.length >= 2, name);
      const folders = variants.map(({ runs }) => runs[0].folder);
      assertEquals(new Set(folders).size, folders.length, `${name}: two variants are the same run`);
    }
  });
}

Deno.test("experiments share the runs of the baseline", async () => {
  const baselineOf = async (name: string) =>
    (await plan(name, "laptop")).find(({ variant: { change } }) => Object.keys(change ?? {}).length === 0)!;
  const [first, ...others] = await Promise.all(
    ["pre_norm_ablation", "no_pos_emb", "swiglu_ablation", "leaderboard"].map(baselineOf),
  );
  for (const other of others) {
    assertEquals(
      other.runs.map(({ folder }) => folder),
      first.runs.map(({ folder }) => folder),
    );
  }
  const sweep = await plan("learning_rate", "laptop");
  assert(
    distinctRuns(sweep).some(({ folder }) => folder === first.runs[0].folder),
    "the sweep has the baseline's rate",
  );
  const batches = await plan("batch_size_experiment", "laptop");
  assert(
    distinctRuns(batches).some(({ folder }) => folder === first.runs[0].folder),
    "batches have the baseline's size",
  );
});

Deno.test("runs of different batch sizes see as many tokens and are evaluated on as many", async () => {
  for (const scale of ["laptop", "handout"] as const) {
    for (const run of distinctRuns(await plan("batch_size_experiment", scale))) {
      const { steps, batch_size, eval_batches, model } = run.config;
      const tokens = steps * batch_size * model.context_length;
      assert(Math.abs(tokens / scales[scale].tokens - 1) < 0.02, `${run.folder}: ${tokens} tokens`);
      assertEquals(eval_batches * batch_size, scales[scale].evaluationSequences, run.folder);
    }
  }
});

Deno.test("the swiglu ablation's variants have as many parameters as the baseline where they say so", async () => {
  const [gated, plain] = (await plan("swiglu_ablation", "laptop")).map(({ runs }) => runs[0].config.model);
  assertEquals(2 * plain.d_ff, 3 * gated.d_ff);
});

Deno.test("a folder's name says what is different, and the seed", async () => {
  const [, without] = await plan("no_pos_emb", "smoke");
  assert(/^runs\/experiments\/smoke-stories-seed-0-position-none-[0-9a-f]{10}$/.test(without.runs[0].folder));
});

Deno.test("a text that is not there is asked for", async () => {
  const settings = scales.smoke;
  const variants = problems.find(({ name }) => name === "main_experiment")!.variants("smoke", settings);
  await assertRejects(
    () => planVariants(variants, 1, { scale: "smoke", settings, root: "runs", texts: { stories } }),
    RangeError,
    "trains on prose, and there is none",
  );
});
