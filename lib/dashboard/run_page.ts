import { htmlCommand, htmlTable, htmlText } from "../plot/html_blocks.ts";
import { type Markup, markup } from "../plot/markup.ts";
import { flatConfig } from "../training/flat_config.ts";
import type { Sample } from "../training/run_samples.ts";
import type { RunSession } from "../training/run_sessions.ts";
import { runAddress, runsQuery, withQuery } from "./addresses.ts";
import { curves, type CurvesPlace } from "./curves.ts";
import { countText, momentText } from "./figure_text.ts";
import { framed, livePart, liveSection } from "./page_frame.ts";
import { figureList, stateMark } from "./run_figures.ts";
import type { Run } from "./run_reader.ts";

/** What a run's page shows besides the run. */
export interface RunPageParts {
  axis: CurvesPlace["axis"];
  /** Newest first. */
  samples: readonly Sample[];
  /** Address of the page of the run's tokenizer, if it is one that can be shown. */
  tokenizer?: string;
}

/** The page of one run. */
export async function runPage(run: Run, { axis, samples, tokenizer }: RunPageParts): Promise<string> {
  const { name, state, changed, config, sessions, problems } = run;
  const path = runAddress(name);
  return framed({
    title: name,
    summary: markup`${stateMark(state)} · last change ${momentText(changed)}${
      tokenizer && markup` · <a href="${tokenizer}">its tokenizer</a>`
    }`,
    content: [
      livePart("problems", problems.map((problem) => markup`<p class="problem">${problem}</p>`)),
      livePart("figures", figureList(run)),
      liveSection("curves", "Curves", await curves([run], { path, query: [], axis })),
      liveSection("samples", "Samples", sampleList(samples)),
      liveSection("sessions", "Device and command", sessions.length > 0 ? sessionList(sessions) : undefined),
      liveSection("configuration", "Configuration", configurationTable(config)),
    ],
    events: withQuery("/events", runsQuery([name])),
  });
}

function sampleList(samples: readonly Sample[]): Markup {
  if (samples.length === 0) return markup`<p>The model has written nothing yet (<code>sample_every</code>).</p>`;
  const [newest, ...older] = samples;
  if (older.length === 0) return shownSample(newest);
  return markup`${shownSample(newest)}
<details id="older"><summary>${countText(older.length)} before</summary>${older.map(shownSample)}</details>`;
}

function sessionList(sessions: readonly RunSession[]): Markup {
  const { device, description, system } = sessions[sessions.length - 1];
  const commands = sessions.flatMap(({ command }) => command === undefined ? [] : [htmlCommand(command)]);
  return markup`<p>${device}: ${description}, ${system}</p>${commands}`;
}

function configurationTable(config: unknown): Markup {
  return htmlTable({ rows: flatConfig(config).map(([field, value]) => [markup`<code>${field}</code>`, value]) });
}

function shownSample({ step, text }: Sample): Markup {
  return markup`<h3>Step ${countText(step)}</h3>${htmlText(text.trim())}`;
}
