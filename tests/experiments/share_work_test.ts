import { assert, assertEquals, assertRejects } from "@std/assert";
import { performRun } from "../../lib/experiments/perform_run.ts";
import type { PlannedRun } from "../../lib/experiments/plan.ts";
import { runState } from "../../lib/experiments/run_outcome.ts";
import { type Runner, shareWork } from "../../lib/experiments/share_work.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { referenceDevice } from "../training/small_run.ts";
import { outcomeOf, smallRun, smallText } from "./small_runs.ts";

const runs = ["a", "b", "c", "d", "e"].map((name) => smallRun(name));
const moment = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A runner that only notes what it is given. */
function noting(performed: string[]): Runner {
  return {
    perform: async ({ folder }) => {
      await moment();
      performed.push(folder);
      return outcomeOf();
    },
  };
}

Deno.test("runners share the runs: each is performed once", async () => {
  const [first, second]: string[][] = [[], []];
  assert(await shareWork(runs, [noting(first), noting(second)]));
  assertEquals([...first, ...second].sort(), ["a", "b", "c", "d", "e"]);
  assert(first.length >= 2 && second.length >= 2);
});

Deno.test("two schedulers given the same runs train each once, and both learn of all outcomes", async () => {
  using folder = new TemporaryFolder();
  const text = smallText(folder.path);
  const shared = ["a", "b", "c"].map((name, seed) => smallRun(folder.at(name), { seed }));
  const trained: string[] = [];
  const training = (): Runner => ({
    perform: async (run: PlannedRun) => {
      using device = referenceDevice();
      const onMetrics = ({ step }: { step: number }) => step === 8 && trained.push(run.folder);
      // A line of training and one of evaluation at the last step.
      return await performRun({ ...run, text, device, onMetrics });
    },
  });
  const ended: string[][] = [[], []];
  const results = await Promise.all(
    ended.map((list) =>
      shareWork(shared, [training(), training()], { onEnd: (run) => list.push(run.folder), pollMilliseconds: 5 })
    ),
  );
  assertEquals(results, [true, true]);
  const folders = shared.map((run) => run.folder);
  assertEquals(ended.map((list) => list.toSorted()), [folders, folders]);
  assertEquals(trained.toSorted(), folders.flatMap((one) => [one, one]));
  for (const one of folders) assertEquals(runState(one).state, "ended");
});

Deno.test("a run that is busy elsewhere is asked for again until it has ended", async () => {
  let asked = 0;
  const runner: Runner = { perform: () => Promise.resolve(++asked < 4 ? "busy" : outcomeOf()) };
  assert(await shareWork(runs.slice(0, 1), [runner], { pollMilliseconds: 1 }));
  assertEquals(asked, 4);
});

Deno.test("after the signal no run is begun", async () => {
  const stop = new AbortController();
  const performed: string[] = [];
  const runner = noting(performed);
  const stopping: Runner = {
    perform: (run) => {
      if (performed.length === 1) stop.abort();
      return runner.perform(run);
    },
  };
  assertEquals(await shareWork(runs, [stopping], { signal: stop.signal }), false);
  assertEquals(performed, ["a", "b"]);
});

Deno.test("a stopped run ends the work of all runners", async () => {
  const performed: string[] = [];
  const stopped: Runner = { perform: () => Promise.resolve("stopped") };
  assertEquals(await shareWork(runs, [stopped, noting(performed)]), false);
  assert(performed.length <= 1);
});

Deno.test("a runner's failure is everybody's, once the others have ended what they were at", async () => {
  const performed: string[] = [];
  const failing: Runner = { perform: () => Promise.reject(new Error("no memory")) };
  let told = 0;
  const sharing = () => shareWork(runs, [failing, noting(performed)], { onFailure: () => told++ });
  await assertRejects(sharing, Error, "no memory");
  assertEquals([performed, told], [["b"], 1]);
});
