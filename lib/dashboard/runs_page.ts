import { markup } from "../plot/markup.ts";
import { curves, type CurvesPlace } from "./curves.ts";
import { framed, livePart, liveSection } from "./page_frame.ts";
import type { Run } from "./run_reader.ts";
import { runsTable } from "./runs_table.ts";

// More curves in one chart than this cannot be told apart.
const MOST_DRAWN = 8;

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
      liveSection(
        "now",
        "Running now",
        running.length > 0 ? await curves(running.slice(0, MOST_DRAWN), place) : undefined,
      ),
      markup`<h2>All runs</h2>
<form action="/compare">
<p class="filter"><input type="search" placeholder="Filter by words of the name" aria-label="Filter by words of the name"
 data-filter="#runs tbody tr" hidden></p>
${livePart("runs", table)}<p class="action"><button>Compare picked runs</button></p>
</form>`,
    ],
    events: "/events",
  });
}

function newestFirst(a: Run, b: Run): number {
  return b.changed.getTime() - a.changed.getTime();
}
