import { z } from "zod";
import { scaleNames } from "../../lib/experiments/scale.ts";
import { deviceNames } from "../../mod.ts";
import { threadCount } from "../frame/thread_count.ts";
import { atMostOneOf } from "../frame/agreement.ts";

/** What every experiment's task takes. */
export const ExperimentOptions = z.object({
  scale: z.enum(scaleNames).default("laptop").describe(
    "how much: seconds, half an hour or less on two cores, or the handout's setting for a GPU",
  ),
  input: z.string().optional().describe(
    "text to train on; default: the built-in stories, or TinyStories as downloaded at the scale of the handout",
  ),
  openwebtext: z.string().optional().describe(
    "prose, which only main_experiment trains on; default: OpenWebText as downloaded",
  ),
  lowResource: z.boolean().default(false).describe(
    "40,000,000 tokens a run, the handout's setting for smaller machines",
  ),
  tokens: z.int().min(1).optional().describe("tokens of every run; default: the scale's"),
  jobs: z.int().min(1).optional().describe("runs at a time; default: as many as there are cores, on a GPU one"),
  threads: threadCount.default(1).describe(
    "threads of each run; one run on two is slower than two runs on one each",
  ),
  device: z.enum(deviceNames).default("auto").describe("where to compute"),
  precision: z.enum(["float32", "bfloat16"]).optional().describe(
    "format of products and activations; default: bfloat16 where the device has it",
  ),
  dryRun: z.boolean().default(false).describe("show the plan, with time and memory, and stop"),
  out: z.string().default("results").describe("folder for the answers: OUT/PROBLEM/SCALE"),
}).superRefine(atMostOneOf("lowResource", "tokens"));

/** The options as given. */
export type ExperimentOptions = z.output<typeof ExperimentOptions>;
