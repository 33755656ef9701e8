import { type Markup, markup } from "../plot/markup.ts";
import { countText, durationText, lossText, NOTHING } from "./figure_text.ts";
import { type LatestFigures, latestFigures } from "../training/latest_figures.ts";
import type { Run } from "./run_reader.ts";
import { plannedSteps, type RunState } from "./run_state.ts";

/** How a run stands, as a coloured dot and a word. */
export function stateMark(state: RunState): Markup {
  return markup`<span class="state ${state}">${state}</span>`;
}

/** How far a run is: "120 of 400" with a bar, or the step alone where no end is planned. */
export function progressMark({ config, metrics, isImported }: Run): Markup {
  const step = metrics.at(-1)?.step ?? 0;
  const planned = isImported ? undefined : plannedSteps(config);
  if (planned === undefined) return markup`${countText(step)}`;
  return markup`<span class="progress">${countText(step)} <span class="faint">of ${
    countText(planned)
  }</span><progress max="${planned}" value="${Math.min(step, planned)}" aria-label="Steps done"></progress></span>`;
}

/** The figures at the top of a run's page. */
export function figureList(run: Run): Markup {
  const latest = latestFigures(run.metrics);
  const figures: [string, string, string?][] = [
    ["Training loss", lossText(latest.loss)],
    ["Validation loss", lossText(latest.validation_loss), bestText(run, latest)],
    ["Perplexity", latest.perplexity?.toFixed(2) ?? NOTHING],
    ["Bits per byte", latest.bits_per_byte?.toFixed(4) ?? NOTHING],
    ["Tokens per second", countText(latest.tokens_per_second), mfuText(latest)],
    ["Parameters", countText(run.sessions.at(-1)?.parameters)],
    ["Tokens", countText(latest.tokens)],
    ["Time", durationText(latest.seconds), leftText(run, latest)],
  ];
  return markup`<dl class="figures">
<div><dt>Step</dt><dd>${progressMark(run)}</dd></div>
${
    figures.map(([name, value, note]) =>
      markup`<div><dt>${name}</dt><dd>${value}${note && markup` <span class="faint">${note}</span>`}</dd></div>\n`
    )
  }</dl>`;
}

function bestText({ metrics }: Run, { validation_loss }: LatestFigures): string | undefined {
  const best = metrics.reduce((least, line) => Math.min(least, line.validation_loss ?? Infinity), Infinity);
  return best < (validation_loss ?? Infinity) ? `best ${lossText(best)}` : undefined;
}

function mfuText({ mfu }: LatestFigures): string | undefined {
  return mfu === undefined ? undefined : `MFU ${(100 * mfu).toFixed(0)} %`;
}

function leftText({ state, config }: Run, { step, seconds }: LatestFigures): string | undefined {
  const planned = plannedSteps(config);
  if (state !== "running" || planned === undefined || !step || seconds === undefined) return undefined;
  return `${durationText(seconds / step * (planned - step))} left`;
}
