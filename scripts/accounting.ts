import { z } from "zod";
import { type Account, account, type Line, type Section } from "../lib/accounting/account.ts";
import { estimateOnDevice } from "../lib/accounting/device_estimate.ts";
import { type DeviceLimits, devicePreset, devicePresets, peakFlops } from "../lib/accounting/device_presets.ts";
import {
  backwardOperations,
  decodingOperations,
  forwardOperations,
  updateOperations,
} from "../lib/accounting/implementation_operations.ts";
import { roofline } from "../lib/accounting/roofline.ts";
import { formatExpression, formatInteger, formatWithValues } from "../lib/accounting/format_expression.ts";
import { modelPreset, modelPresets } from "../lib/accounting/model_presets.ts";
import type { ModelShape } from "../lib/accounting/model_shape.ts";
import { symbolOrder, symbols } from "../lib/accounting/symbols.ts";
import { shareBar } from "../lib/plot/share_bar.ts";
import { formatBytes, formatNumber, formatSeconds } from "./frame/format.ts";
import { alignTable, type Report, type Value } from "./frame/report.ts";
import { runScript } from "./frame/run_script.ts";

const size = (what: string) => z.int().min(1).optional().describe(`${what}; default: the preset's`);

const Options = z.object({
  preset: z.string().default("tinystories").describe(`model: ${Object.keys(modelPresets).join(", ")}`),
  vocabSize: size("token ids"),
  contextLength: size("tokens of a sequence"),
  numLayers: size("Transformer blocks"),
  dModel: size("width of the residual stream"),
  numHeads: size("attention heads"),
  numKvHeads: size("key and value heads"),
  dFf: size("width of the feed-forward layers"),
  norm: z.enum(["pre", "post", "none"]).optional().describe("RMSNorm before or after each layer, or none"),
  position: z.enum(["rope", "none"]).optional().describe("how positions enter"),
  ffn: z.enum(["swiglu", "silu"]).optional().describe("feed-forward layer: three matrices with a gate, or two"),
  tiedEmbeddings: z.boolean().optional().describe("let the output head be the token embedding"),
  batchSize: z.int().min(1).default(1).describe("sequences in a batch"),
  precision: z.enum(["float32", "bfloat16"]).default("float32").describe("training format; AdamW stays in float32"),
  scores: z.enum(["stored", "fused"]).default("stored").describe("attention scores kept, or never (fused attention)"),
  attention: z.enum(["full", "causal"]).default("full").describe("keys that a query is charged for"),
  device: z.string().default("h100").describe(
    `device: ${Object.keys(devicePresets).join(", ")}, or cpu, measured on the spot`,
  ),
  format: z.enum(["float32", "tf32", "bfloat16"]).optional().describe("matrix format; default: as precision"),
  mfu: z.number().gt(0).max(1).default(0.5).describe("share of the device's peak that training reaches"),
  steps: z.int().min(1).default(1_000).describe("training steps"),
  promptLength: z.int().min(1).optional().describe("tokens of a prompt; default: half the context"),
  generatedTokens: z.int().min(1).optional().describe("tokens generated; default: the rest of the context"),
  formula: z.boolean().default(false).describe("print every formula, with symbols and with numbers"),
  markdown: z.boolean().default(false).describe("print Markdown tables"),
});

// What the cpu device can address, whatever the machine has: 32-bit WebAssembly memory.
const CPU_MEMORY = 2n ** 32n;

await runScript({
  name: "accounting",
  summary: "parameters, FLOPs, memory and time of a model and its training, by formula",
  options: Options,
  permissions: "none",
  positional: ["preset"],
  details:
    "Example: deno task accounting gpt2-xl --context-length 16384 --batch-size 8 --device h100 --mfu 0.5 --steps 400000\n" +
    "It needs no permission, except to read ffi/cpu for --device cpu.",
}, async (options, report) => {
  const model = modelOf(options);
  const device = options.device === "cpu" ? await measureCpu() : devicePreset(options.device);
  const format = options.format ?? options.precision;
  const promptLength = options.promptLength ?? Math.max(1, Math.floor(model.context_length / 2));
  const generatedTokens = options.generatedTokens ?? Math.max(1, model.context_length - promptLength);
  const { batchSize, precision, scores, attention, mfu, steps } = options;
  const result = account({ model, batchSize, precision, scores, attention, promptLength, generatedTokens });
  const estimate = estimateOnDevice(model, result, device, format, mfu);

  const sections = sectionsOf(result);
  report.data("model", model);
  report.data("account", Object.fromEntries(sections.map((section) => [section.title, plain(section, result)])));
  report.data("implementationMemory", result.implementationMemory);
  report.data("device", { ...device, ...estimate, secondsOfRun: steps * estimate.secondsPerStep });
  if (options.formula) return printFormulas(sections, result, report);
  for (const section of sections) printSection(section, options.markdown, report);
  printTable(
    "Memory of this library's training step at its worst moment, float32",
    ["", "bytes", ""],
    Object.entries(result.implementationMemory).map(([name, bytes]) => [
      name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`),
      bytes,
      formatBytes(Number(bytes)),
    ]),
    options.markdown,
    report,
  );
  const values = result.values;
  const ridge = peakFlops(device, format) / device.bandwidth;
  const passes = {
    "forward pass": forwardOperations(model),
    "backward pass": backwardOperations(model),
    "update": updateOperations(model),
    "decoding the last token": decodingOperations(model),
  };
  for (const [pass, operations] of Object.entries(passes)) {
    const points = roofline(operations, values, device, format);
    report.data(`roofline of the ${pass}`, points);
    printTable(
      `Roofline of the ${pass}: bound by arithmetic from about ${formatNumber(ridge, 1)} FLOPs a byte`,
      ["", "FLOPs", "bytes", "FLOPs a byte", "bound by", "at least"],
      points.map((
        { component, flops, bytes, intensity, bound, seconds },
      ) => [component, flops, bytes, Number(intensity.toPrecision(3)), bound, formatSeconds(seconds)]),
      options.markdown,
      report,
    );
  }
  printTable(
    `On one ${device.title}, ${format} at ${formatNumber(peakFlops(device, format) / 1e12)} TFLOP/s, MFU ${mfu}`,
    ["", ""],
    [
      [
        "training step",
        `${formatSeconds(estimate.secondsPerStep)}, ${formatNumber(estimate.tokensPerSecond, 0)} tokens/s`,
      ],
      [`${formatNumber(steps)} steps`, formatSeconds(steps * estimate.secondsPerStep)],
      [
        "memory",
        `${estimate.fits ? "the batch fits" : "the batch does not fit"}; the largest is ${estimate.largestBatch}`,
      ],
      [
        "generating, at most",
        `${
          formatNumber(estimate.decodingStepsPerSecond, 1)
        } tokens/s for each sequence, bound by ${estimate.decodingBound}`,
      ],
    ],
    options.markdown,
    report,
  );
});

async function measureCpu(): Promise<DeviceLimits> {
  const [{ openDevice }, { measureDevice }] = await Promise.all([
    import("../ffi/devices.ts"),
    import("../lib/accounting/measured_device.ts"),
  ]);
  using device = openDevice("cpu");
  return measureDevice(device, { memoryBytes: CPU_MEMORY });
}

function modelOf(options: z.output<typeof Options>): ModelShape {
  const preset = modelPreset(options.preset);
  const num_heads = options.numHeads ?? preset.num_heads;
  return {
    vocab_size: options.vocabSize ?? preset.vocab_size,
    context_length: options.contextLength ?? preset.context_length,
    num_layers: options.numLayers ?? preset.num_layers,
    d_model: options.dModel ?? preset.d_model,
    num_heads,
    num_kv_heads: options.numKvHeads ?? (preset.num_kv_heads === preset.num_heads ? num_heads : preset.num_kv_heads),
    d_ff: options.dFf ?? preset.d_ff,
    norm: options.norm ?? preset.norm,
    position: options.position ?? preset.position,
    ffn: options.ffn ?? preset.ffn,
    tied_embeddings: options.tiedEmbeddings ?? preset.tied_embeddings,
  };
}

function sectionsOf(result: Account): Section[] {
  const { parameters, forward, step, memory, activations, keptActivations, generation, generationMemory } = result;
  return [parameters, forward, step, memory, activations, keptActivations, generation, generationMemory];
}

function plain({ unit, lines, total }: Section, { values }: Account): unknown {
  const all = total ? [...lines, total] : lines;
  return {
    unit,
    lines: all.map(({ formula, ...line }) => ({
      ...line,
      formula: formatExpression(formula),
      expanded: formatWithValues(formula, values),
    })),
  };
}

function printSection({ title, unit, lines, total }: Section, markdown: boolean, report: Report): void {
  const whole = Number(total?.value ?? 0);
  const rows = lines.map(({ name, shapes, value }): Value[] => {
    const share = Number(value) / whole;
    return [name, ...(hasShapes(lines) ? [shapes ?? ""] : []), value, ...amount(unit, value)].concat(
      total ? [`${(100 * share).toFixed(1)} %`, shareBar(share, 20)] : [],
    );
  });
  const columns = ["", ...(hasShapes(lines) ? ["shapes"] : []), unit, ...(unit === "bytes" ? [""] : [])];
  if (total) {
    rows.push(["total", ...(hasShapes(lines) ? [""] : []), total.value, ...amount(unit, total.value), "", ""]);
    columns.push("share", "");
  }
  printTable(title, columns, rows, markdown, report);
}

function amount(unit: Section["unit"], value: bigint): string[] {
  return unit === "bytes" ? [formatBytes(Number(value))] : [];
}

function hasShapes(lines: readonly Line[]): boolean {
  return lines.some(({ shapes }) => typeof shapes === "string");
}

function printTable(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly Value[])[],
  markdown: boolean,
  report: Report,
): void {
  if (!markdown) return report.say(`${title}\n${alignTable(columns, rows)}\n`);
  const line = (cells: readonly Value[]) =>
    `| ${cells.map((cell) => typeof cell === "bigint" ? formatInteger(cell) : String(cell)).join(" | ")} |`;
  report.say([`### ${title}`, "", line(columns), line(columns.map(() => "---")), ...rows.map(line), ""].join("\n"));
}

function printFormulas(sections: readonly Section[], { values }: Account, report: Report): void {
  report.say(
    symbolOrder.map((name) => `${name.padEnd(5)} ${symbols[name]} = ${formatInteger(values[name] ?? "")}`).join("\n"),
  );
  for (const { title, lines, total } of sections) {
    report.say(`\n${title}`);
    for (const { name, formula, value } of total ? [...lines, total] : lines) {
      report.say(`  ${name}\n    = ${formatExpression(formula)}`);
      report.say(`    = ${formatWithValues(formula, values)}\n    = ${formatInteger(value)}`);
    }
  }
}
