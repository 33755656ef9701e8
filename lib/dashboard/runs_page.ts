import { markup } from "../plot/markup.ts";
import { curves, type CurvesPlace } from "./curves.ts";
import { framed, livePart, liveSection } from "./page_frame.ts";
import type { Run } from "./run_reader.ts";
import { runsTable } from "./runs_table.ts";

/** The first page: all runs, those that are running first, and the curves of these while there are any. */
export async function runsPage(runs: readonly Run[], place: CurvesPlace): Promise<string> {
  const running = runs.filter(({ state }) => state === "running");
  const sorted = [...running, ...runs.filter(({ state }) => state !== "running").sort(newestFirst)];
  const table = runs.length === 0
    ? markup`<p>There is no run yet. <code>deno task train</code> starts one, and it appears here with its first step.</p>`
    : runsTable(sorted, true);
  return framed({
    title: "Runs",
    summary: `${runs.length} in all, ${running.length} running`,
    content: [
      markup`<form action="/compare">
${livePart("runs", table)}<p class="action"><button>Compare picked runs</button></p>
</form>`,
      liveSection("now", "Running now", running.length > 0 ? await curves(running.slice(0, 8), place) : undefined),
    ],
    events: "/events",
  });
}

function newestFirst(a: Run, b: Run): number {
  return b.changed.getTime() - a.changed.getTime();
}
