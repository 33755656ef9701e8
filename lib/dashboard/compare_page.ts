import { htmlTable, htmlText } from "../plot/html_blocks.ts";
import { type Markup, markup } from "../plot/markup.ts";
import type { Sample } from "../training/run_samples.ts";
import { runAddress, runsQuery, withQuery } from "./addresses.ts";
import { configurationRows, differingRows } from "./configuration_rows.ts";
import { curves, type CurvesPlace } from "./curves.ts";
import { countText, NOTHING } from "./figure_text.ts";
import { framed, liveSection } from "./page_frame.ts";
import type { Run } from "./run_reader.ts";
import { runsTable } from "./runs_table.ts";

/** A run with the newest text that its model wrote. */
export interface ComparedRun {
  run: Run;
  sample?: Sample;
}

/** The page that lays runs over and beside one another. */
export async function comparePage(compared: readonly ComparedRun[], axis: CurvesPlace["axis"]): Promise<string> {
  const runs = compared.map(({ run }) => run);
  const query = runsQuery(runs.map(({ name }) => name));
  return framed({
    title: `${runs.length} runs compared`,
    content: [
      liveSection("curves", "Curves", await curves(runs, { path: "/compare", query, axis })),
      liveSection("figures", "Figures", runsTable(runs)),
      liveSection("configuration", "What differs between them", differences(runs)),
      liveSection("samples", "Newest samples", compared.map(newestSample)),
    ],
    events: withQuery("/events", query),
  });
}

function differences(runs: readonly Run[]): Markup {
  const rows = configurationRows(runs.map(({ config }) => config));
  const differing = differingRows(rows);
  const same = countText(rows.length - differing.length);
  if (differing.length === 0) return markup`<p>Nothing: all ${same} fields are the same.</p>`;
  const table = htmlTable({
    columns: ["field", ...runs.map(({ name }) => name)],
    rows: differing.map((
      { field, values },
    ) => [markup`<code>${field}</code>`, ...values.map((value) => value ?? NOTHING)]),
  });
  return markup`${table}<p class="faint">Fields that are the same: ${same}.</p>`;
}

function newestSample({ run: { name }, sample }: ComparedRun): Markup {
  return markup`<h3><a href="${runAddress(name)}">${name}</a>${sample && `, step ${countText(sample.step)}`}</h3>
${sample ? htmlText(sample.text.trim()) : markup`<p class="faint">Nothing yet.</p>`}`;
}
