import { z } from "zod";
import { type Account, account, checkShape, type Section } from "../lib/accounting/account.ts";
import { type DeviceEstimate, estimateOnDevice } from "../lib/accounting/device_estimate.ts";
import {
  type DeviceLimits,
  devicePreset,
  devicePresets,
  type MatrixFormat,
  peakFlops,
} from "../lib/accounting/device_presets.ts";
import { largestImplementationBatch } from "../lib/accounting/implementation_memory.ts";
import {
  backwardOperations,
  decodingOperations,
  forwardOperations,
  updateOperations,
} from "../lib/accounting/implementation_operations.ts";
import { modelPreset, modelPresets } from "../lib/accounting/model_presets.ts";
import type { ModelShape } from "../lib/accounting/model_shape.ts";
import type { OptimizerName } from "../lib/accounting/muon_update.ts";
import { roofline } from "../lib/accounting/roofline.ts";
import { formulasText, plainSection, TablePrinter } from "./accounting/tables.ts";
import { formatBytes, formatNumber, formatSeconds } from "../lib/data/amounts.ts";
import { atMostOneOf, judgedBy } from "./frame/agreement.ts";
import type { Report } from "./frame/report.ts";
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
  ffn: z.enum(["swiglu", "silu", "relu2"]).optional().describe(
    "feed-forward layer: three matrices with a gate, or two",
  ),
  qkNorm: z.boolean().optional().describe("RMSNorm of every head's queries and keys"),
  tiedEmbeddings: z.boolean().optional().describe("let the output head be the token embedding"),
  optimizer: z.enum(["adamw", "muon"]).default("adamw").describe("AdamW, or Muon for the matrices within blocks"),
  batchSize: z.int().min(1).default(1).describe("sequences in a batch"),
  precision: z.enum(["float32", "bfloat16"]).default("float32").describe("training format; moments stay in float32"),
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
  measure: z.boolean().default(false).describe("run the real model on a device that only counts, beside the formulas"),
  formula: z.boolean().default(false).describe("print every formula, with symbols and with numbers"),
  markdown: z.boolean().default(false).describe("print Markdown tables"),
});

// The objects of ten thousand layers, whose tensors have no values there, take half a gigabyte and two seconds.
const MOST_MEASURED_LAYERS = 10_000;

await runScript({
  name: "accounting",
  summary: "parameters, FLOPs, memory and time of a model and its training, by formula",
  options: Options.superRefine(atMostOneOf("measure", "formula")).superRefine(judgedBy((options) => {
    const model = modelOf(options);
    checkShape(model);
    if (options.measure && model.num_layers > MOST_MEASURED_LAYERS) {
      throw new RangeError(
        `Cannot measure ${model.num_layers} layers: the real model is built and run layer by layer, ` +
          `at most ${MOST_MEASURED_LAYERS} of them; leave out --measure for the formulas`,
      );
    }
    if (options.device !== "cpu") devicePreset(options.device);
  })),
  permissions: "none",
  positional: ["preset"],
  details:
    "Example: deno task accounting gpt2-xl --context-length 16384 --batch-size 8 --device h100 --mfu 0.5 --steps 400000\n" +
    "It needs no permission, except to read ffi/cpu for --device cpu.",
}, async (options, report) => {
  const model = modelOf(options);
  const tables = new TablePrinter(report, options.markdown);
  report.data("model", model);
  if (options.measure) return await measureModel(model, options, report, tables);

  const device = options.device === "cpu" ? await measureCpu() : devicePreset(options.device);
  const format = options.format ?? options.precision;
  const promptLength = options.promptLength ?? Math.max(1, Math.floor(model.context_length / 2));
  const generatedTokens = options.generatedTokens ?? Math.max(1, model.context_length - promptLength);
  const result = account({ ...options, model, promptLength, generatedTokens });
  const sections = sectionsOf(result);
  report.data("account", Object.fromEntries(sections.map((section) => [section.title, plainSection(section, result)])));
  report.data("implementationMemory", result.implementationMemory);
  if (options.formula) return report.say(formulasText(sections, result));

  tables.symbols(`${options.preset}, and what the letters in shapes stand for`, result);
  for (const section of sections) tables.section(section);
  tables.table(
    "Memory of this library's training step at its worst moment, float32",
    ["", "bytes", ""],
    Object.entries(result.implementationMemory).map((
      [name, bytes],
    ) => [words(name), bytes, formatBytes(Number(bytes))]),
  );
  reportRoofline(model, result, device, format, options.optimizer, report, tables);
  reportDevice(model, result, device, format, options, report, tables);
});

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
    qk_norm: options.qkNorm ?? preset.qk_norm,
    position: options.position ?? preset.position,
    ffn: options.ffn ?? preset.ffn,
    tied_embeddings: options.tiedEmbeddings ?? preset.tied_embeddings,
  };
}

function sectionsOf(result: Account): Section[] {
  const { parameters, forward, step, memory, activations, keptActivations, generation, generationMemory } = result;
  return [parameters, forward, step, memory, activations, keptActivations, generation, generationMemory];
}

async function measureCpu(): Promise<DeviceLimits> {
  const [{ openDevice }, { measureDevice }] = await Promise.all([
    import("../ffi/devices.ts"),
    import("../lib/accounting/measured_device.ts"),
  ]);
  using device = openDevice("cpu");
  return measureDevice(device, { memoryBytes: BigInt(device.backend.memoryBytes!) });
}

async function measureModel(
  model: ModelShape,
  { batchSize, optimizer }: { batchSize: number; optimizer: OptimizerName },
  report: Report,
  tables: TablePrinter,
): Promise<void> {
  const { measuredAndPredicted } = await import("../lib/accounting/measured_and_predicted.ts");
  const rows = measuredAndPredicted(model, batchSize, optimizer);
  report.data("measured", rows);
  tables.table(
    "Training step by formula, and measured on the real model",
    ["", "formula", "measured", ""],
    rows.map((
      { name, predicted, measured },
    ) => [name, predicted, measured, predicted === measured ? "equal" : "DIFFERENT"]),
  );
}

function reportRoofline(
  model: ModelShape,
  { values }: Account,
  device: DeviceLimits,
  format: MatrixFormat,
  optimizer: OptimizerName,
  report: Report,
  tables: TablePrinter,
): void {
  const ridge = formatNumber(peakFlops(device, format) / device.bandwidth, 1);
  const passes = {
    "forward pass": forwardOperations(model),
    "backward pass": backwardOperations(model),
    "update": updateOperations(model, optimizer),
    "last decoding step": decodingOperations(model),
  };
  for (const [pass, operations] of Object.entries(passes)) {
    const points = roofline(operations, values, device, format);
    report.data(`roofline of the ${pass}`, points);
    tables.table(
      `Roofline of the ${pass}: bound by arithmetic from about ${ridge} FLOPs a byte`,
      ["", "FLOPs", "bytes", "FLOPs a byte", "bound by", "at least"],
      points.map((
        { component, flops, bytes, intensity, bound, seconds },
      ) => [component, flops, bytes, Number(intensity.toPrecision(3)), bound, formatSeconds(seconds)]),
    );
  }
}

function reportDevice(
  model: ModelShape,
  result: Account,
  device: DeviceLimits,
  format: MatrixFormat,
  { mfu, steps, optimizer }: { mfu: number; steps: number; optimizer: OptimizerName },
  report: Report,
  tables: TablePrinter,
): void {
  const estimate: DeviceEstimate = estimateOnDevice(model, result, device, format, mfu);
  const secondsOfRun = steps * estimate.secondsPerStep;
  const largestHere = largestImplementationBatch(model, device.memoryBytes, optimizer);
  report.data("device", { ...device, ...estimate, largestImplementationBatch: largestHere, secondsOfRun });
  const { secondsPerStep, tokensPerSecond, fits, largestBatch, decodingStepsPerSecond, decodingBound } = estimate;
  tables.table(
    `On one ${device.title}, ${format} at ${formatNumber(peakFlops(device, format) / 1e12)} TFLOP/s, MFU ${mfu}`,
    ["", ""],
    [
      ["training step", `${formatSeconds(secondsPerStep)}, ${formatNumber(tokensPerSecond, 0)} tokens/s`],
      [`${formatNumber(steps)} steps`, formatSeconds(secondsOfRun)],
      [
        "memory, by the handout",
        `the batch ${fits ? "fits" : "does not fit"}; ${largestText(largestBatch)}`,
      ],
      ["memory, by this library", `${largestText(largestHere)}, in float32`],
      [
        "generating, at most",
        `${formatNumber(decodingStepsPerSecond, 1)} tokens/s for each sequence, bound by ${decodingBound}`,
      ],
    ],
  );
}

function largestText(batch: number | bigint): string {
  return batch < 1 ? "not even one sequence fits" : `the largest batch is ${formatNumber(batch)}`;
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
