import { z } from "zod";
import { deviceNames } from "../ffi/devices.ts";
import { readConfigFile } from "../lib/training/config_file.ts";
import { holdsRun } from "../lib/training/experiment_record.ts";
import { dtypeAt } from "../lib/training/precision.ts";
import { exportFormats } from "../lib/training/metrics_export.ts";
import { overlay, TrainingFlags } from "../lib/training/training_config.ts";
import { Tokenizer } from "../mod.ts";
import { atMostOneOf } from "./frame/agreement.ts";
import { taskCommand } from "./frame/command_line.ts";
import { runScript } from "./frame/run_script.ts";
import { threadCount } from "./frame/thread_count.ts";
import { askedConfig } from "./training/asked_config.ts";
import { checkTrainingMemory } from "./training/check_memory.ts";
import { gpuNumber, openComputing } from "./training/computing.ts";
import { followRun } from "./training/moved_run.ts";
import { prepareData } from "./training/prepare_data.ts";
import { runName } from "./training/run_name.ts";
import { runTraining } from "./training/run_training.ts";
import { unstartedFolder } from "./training/unstarted_folder.ts";

const DEFAULT_CONFIG = new URL("../configs/stories.jsonc", import.meta.url);

const OwnOptions = z.object({
  config: z.string().optional().describe("configuration file (JSON with comments); default: configs/stories.jsonc"),
  name: runName.default("train").describe(
    "name of the run; its folder is runs/NAME",
  ),
  resume: z.boolean().default(false).describe("go on from the run's newest checkpoint"),
  device: z.enum(deviceNames).default("auto").describe("where to compute"),
  threads: threadCount.optional().describe("threads of the cpu and blas devices; default: all cores"),
  gpu: gpuNumber,
  tf32: z.boolean().default(false).describe("let the GPU round float32 operands to 10 bits of mantissa"),
  graphs: z.boolean().default(true).describe("record a step on the GPU once and replay it"),
  tensorboard: z.boolean().default(false).describe("write a TensorBoard event file into the run's folder as well"),
  wandbJsonl: z.boolean().default(false).describe("write the metrics as Weights & Biases' wandb-history.jsonl as well"),
  builtInBytes: z.number().positive().default(4e6).describe("bytes of the built-in stories"),
});

await runScript({
  name: "train",
  summary: "trains a language model (problem training_together): text in, checkpoints, samples and curves out",
  options: z.object({ ...OwnOptions.shape, ...TrainingFlags.shape }).superRefine(
    atMostOneOf<Record<string, unknown>>("data", "input"),
  ),
  permissions: "train",
  details: [
    "Fields of the configuration may be given as flags, which come over the file: --model.d_model 256 --steps 2000.",
    "Text: --input FILE (--tokenizer DIR, or one is trained), --data FILE.npy as deno task encode writes it, or, with " +
    "neither, the built-in stories.",
    "A field has the default shown where the configuration leaves it out; configs/stories.jsonc sets the model's size, " +
    "the learning rate, batch_size, steps and others itself.",
  ].join("\n"),
}, async (given, report) => {
  const { config: path, name, resume, device: deviceName, threads, gpu, tf32, graphs, builtInBytes, ...others } =
    OwnOptions.parse(given);
  const flags = Object.fromEntries(Object.entries(given).filter(([key]) => !(key in OwnOptions.shape)));
  const folder = `runs/${name}`;
  if (resume !== holdsRun(folder)) {
    throw new Error(
      resume
        ? `Cannot resume ${folder}: it holds no run; leave out --resume to start one`
        : `Cannot start a run in ${folder}: it holds one already; go on with --resume, or give another --name`,
    );
  }
  const source = path ?? (resume ? `${folder}/config.json` : DEFAULT_CONFIG);
  const before = resume ? followRun(readConfigFile(`${folder}/config.json`), folder) : {};
  const asked = askedConfig(
    resume && path === undefined ? before : overlay(before, readConfigFile(source)),
    flags,
    source === DEFAULT_CONFIG ? "configs/stories.jsonc" : String(source),
    !resume,
  );
  if (resume && asked.data === undefined) {
    throw new Error(`Cannot resume ${folder}: it was imported, not trained here; text can be generated with it`);
  }

  using device = openComputing({
    device: deviceName,
    threads,
    precision: flags.precision === undefined ? undefined : asked.precision,
    cuda: { device: gpu, tf32, graphs },
  }, report);
  dtypeAt(device, asked.precision); // before any work, also where it is the file that asks for it
  // A run goes on in the precision that it began in.
  const precision = asked.precision ?? (!resume && device.dtypes.includes("bf16") ? "bfloat16" : undefined);
  const config = { ...asked, ...(precision && { precision }) };
  report.say(`Device: ${device.name} (${device.backend.description})`);
  checkTrainingMemory(device, config);
  using _unstarted = unstartedFolder(folder);
  const prepared = resume
    ? { config, tokenizer: config.tokenizer === undefined ? undefined : await Tokenizer.load(config.tokenizer) }
    : await prepareData(config, folder, builtInBytes, report);
  const command = taskCommand("train", Deno.args);
  const exports = exportFormats.filter((format) => others[format]);
  using result = await runTraining({ ...prepared, folder, device, resume, command, exports }, report);

  report.say("");
  if (Number.isNaN(result.loss) && !result.evaluation) {
    report.note("no step was left to do; --steps gives the run more.");
  }
  report.result("run", folder);
  report.result("device", device.name);
  report.result("precision", precision ?? "float32");
  report.result("parameters", result.model.parameters.count);
  report.result("steps", result.step);
  report.result("tokens", result.tokens);
  report.duration("training time", result.seconds);
  if (!Number.isNaN(result.loss)) report.result("training loss", result.loss);
  if (result.evaluation) {
    const { loss, perplexity, bitsPerByte } = result.evaluation;
    report.result("validation loss", loss);
    report.result("perplexity", perplexity);
    if (bitsPerByte !== undefined) report.result("bits per byte", bitsPerByte);
  }
  report.result("learning curve", `${folder}/learning_curve.svg`);
  report.result("page about the run", `${folder}/report.html`);
});
