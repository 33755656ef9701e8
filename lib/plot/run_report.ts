import { formatNumber, formatSeconds } from "../data/amounts.ts";
import { atomicWrite } from "../data/atomic_write.ts";
import { readConfigFile } from "../training/config_file.ts";
import { flatConfig } from "../training/flat_config.ts";
import { latestFigures } from "../training/latest_figures.ts";
import { type Metrics, readMetrics } from "../training/metrics.ts";
import { readSamples, type Sample } from "../training/run_samples.ts";
import { readSessions, type RunSession } from "../training/run_sessions.ts";
import { figure, htmlCommand, htmlTable, htmlText } from "./html_blocks.ts";
import { htmlPage, type HtmlSection } from "./html_page.ts";
import { learningCurve } from "./learning_curve.ts";
import { type Markup, markup } from "./markup.ts";

/**
 * Draws what a run's folder tells: learning_curve.svg, and report.html with curves, final figures, samples, settings,
 * device and command. Both stand by themselves. It may be called at any time, also while the run goes on.
 *
 * @param folder The run's, as `train()` leaves it.
 * @param name Title of the page and the chart; the folder's path if left out.
 * @throws {Error} If the folder holds no run, or a file in it is damaged; what was drawn before stays.
 */
export async function writeRunReport(folder: string, name = folder): Promise<void> {
  const config = readConfigFile(`${folder}/config.json`);
  const metrics = readMetrics(`${folder}/metrics.jsonl`);
  const curves = metrics.some(hasLoss) ? await drawCurves(name, metrics) : undefined;
  if (curves) await atomicWrite(`${folder}/learning_curve.svg`, curves.bySteps);
  const sessions = readSessions(folder);
  const page = htmlPage({
    title: name,
    summary: summaryOf(config, metrics, sessions),
    sections: [
      { heading: "Learning curve", content: curves ? curveFigures(curves) : "No loss has been measured yet." },
      { heading: "Figures", content: htmlTable({ rows: figuresOf(metrics, sessions) }) },
      ...samplesSection(readSamples(folder)),
      ...sessionsSection(sessions),
      { heading: "Configuration", content: htmlTable({ rows: flatConfig(config) }) },
    ],
  });
  await atomicWrite(`${folder}/report.html`, page);
}

interface Curves {
  bySteps: string;
  byTime: string;
}

async function drawCurves(name: string, metrics: readonly Metrics[]): Promise<Curves> {
  const runs = [{ name, metrics }];
  return {
    bySteps: await learningCurve(`Loss of ${name}`, runs),
    byTime: await learningCurve(`Loss of ${name} over time`, runs, "seconds"),
  };
}

function curveFigures({ bySteps, byTime }: Curves): Markup[] {
  return [
    figure(bySteps, "Cross entropy of the next token; the lower, the better."),
    figure(
      byTime,
      "The same against time: evaluations, samples and checkpoints included, pauses between sessions not.",
    ),
  ];
}

function hasLoss({ loss, validation_loss }: Metrics): boolean {
  return typeof loss === "number" || typeof validation_loss === "number";
}

/** One sentence on how far the run is and how good it got. */
function summaryOf(config: unknown, metrics: readonly Metrics[], sessions: readonly RunSession[]): string {
  const last = metrics.at(-1);
  if (!last) return "Training has not come to its first line of metrics.";
  const planned = flatConfig(config).find(([field]) => field === "steps")?.[1];
  const steps = `${formatNumber(last.step)} ${
    planned === undefined ? "" : `of ${formatNumber(Number(planned))} `
  }steps`;
  const device = sessions.length === 0 ? "" : ` on ${sessions[sessions.length - 1].device}`;
  const [kind, loss] = finalLoss(metrics);
  return `${steps} on ${formatNumber(last.tokens)} tokens in ${formatSeconds(last.seconds)}${device}: ${kind} ${loss}.`;
}

/**
 * The loss that a run is judged by: the last that was measured on validation data, or in training if there are none.
 */
function finalLoss(metrics: readonly Metrics[]): [kind: string, loss: string] {
  const { loss, validation_loss } = latestFigures(metrics);
  return validation_loss === undefined
    ? ["training loss", lossText(loss)]
    : ["validation loss", lossText(validation_loss)];
}

function figuresOf(metrics: readonly Metrics[], sessions: readonly RunSession[]): [string, string][] {
  const latest = latestFigures(metrics);
  const lowest = metrics.reduce((least, line) => Math.min(least, line.validation_loss ?? Infinity), Infinity);
  const { step = 0, tokens = 0, seconds = 0 } = latest;
  const figures: [string, string | undefined][] = [
    ["parameters", optional(sessions.at(-1)?.parameters, formatNumber)],
    ["optimizer steps", formatNumber(step)],
    ["tokens trained on", formatNumber(tokens)],
    ["time of training", formatSeconds(seconds)],
    ["training loss", optional(latest.loss, lossText)],
    ["validation loss", optional(latest.validation_loss, lossText)],
    ["lowest validation loss", lowest === Infinity ? undefined : lossText(lowest)],
    ["perplexity", optional(latest.perplexity ?? undefined, (value) => value.toFixed(2))],
    ["bits per byte", optional(latest.bits_per_byte, lossText)],
    ["tokens per second", optional(latest.tokens_per_second, (value) => formatNumber(value, 0))],
    ["share of the device's peak (MFU)", optional(latest.mfu, (value) => `${(100 * value).toFixed(0)} %`)],
  ];
  return figures.filter((row): row is [string, string] => row[1] !== undefined);
}

function samplesSection(samples: readonly Sample[]): HtmlSection[] {
  if (samples.length === 0) return [];
  const shown = ({ step, text }: Sample) => markup`<h3>After step ${formatNumber(step)}</h3>\n${htmlText(text)}\n`;
  const [last, ...earlier] = samples.toReversed();
  const content = earlier.length === 0
    ? shown(last)
    : [shown(last), markup`<details><summary>Earlier samples</summary>\n${earlier.map(shown)}</details>`];
  return [{ heading: "What it writes", content }];
}

function sessionsSection(sessions: readonly RunSession[]): HtmlSection[] {
  if (sessions.length === 0) return [];
  const rows = sessions.map((session) => [
    new Date(session.started).toUTCString().replace("GMT", "UTC"),
    formatNumber(session.step),
    session.device,
    session.description,
    session.system,
  ]);
  const commands = sessions.flatMap(({ command }) => command === undefined ? [] : [htmlCommand(command)]);
  return [{
    heading: "Device and command",
    content: [
      htmlTable({ columns: ["began", "at step", "device", "what it is", "system"], rows }),
      commands.length > 1 ? markup`<p>Begun by the first command, resumed by the others:</p>\n` : null,
      commands,
    ],
  }];
}

function lossText(loss: number | null | undefined): string {
  return loss?.toFixed(4) ?? "not finite";
}

function optional<T>(value: T | undefined, show: (value: T) => string): string | undefined {
  return value === undefined ? undefined : show(value);
}
