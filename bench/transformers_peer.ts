// deno-lint-ignore-file no-console -- the figures are the output
/**
 * Exports a run's newest checkpoint and compares it with transformers' LlamaForCausalLM on a text: token ids, logits,
 * and a greedy continuation, each computed there from the exported files and here from the checkpoint. Ends with exit
 * code 1 if ids or continuation differ, or any logit by 1e-4 or more.
 *
 *     deno run -A bench/transformers_peer.ts --run runs/train --input FILE [--python python3] [--device cpu]
 *
 * Needs a Python with `torch` and `transformers`. The text's beginning is used, as far as the model's context reaches.
 */
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { deviceNames, generate, loadModel, openDevice, openSafetensors, Tape, writeLlama } from "../mod.ts";
import { readTrainingState } from "../lib/training/checkpoint.ts";
import { checkpointOf, tokenizerOf } from "../scripts/training/open_run.ts";

const LARGEST_DIFFERENCE = 1e-4;

const { run, input, python, device: deviceName } = z.object({
  run: z.string().default("runs/train"),
  input: z.string(),
  python: z.string().default("python3"),
  device: z.enum(deviceNames).default("cpu"),
}).parse(parseArgs(Deno.args));

const Peer = z.object({
  transformers: z.string(),
  model: z.string(),
  tokenizer: z.string(),
  eos: z.array(z.int().nullable()),
  decoded: z.string(),
  greedy: z.array(z.int()),
});

const path = checkpointOf(run, false);
const state = readTrainingState(path);
const tokenizer = await tokenizerOf(state, path);
if (!tokenizer) throw new Error(`Cannot compare ${run}: it names no tokenizer`);
const text = Deno.readTextFileSync(input).slice(0, 10 * state.config.model.context_length);

const folder = Deno.makeTempDirSync({ prefix: "denolm-export-" });
try {
  using file = openSafetensors(path);
  const weights = (name: string) => file.read(name) as Float32Array;
  await writeLlama(`${folder}/llama`, { config: state.config.model, weights }, { tokenizer });
  const { code, stdout, stderr } = new Deno.Command(python, {
    args: [
      decodeURIComponent(new URL("./transformers_logits.py", import.meta.url).pathname),
      ...[`${folder}/llama`, text, `${folder}/logits.safetensors`],
    ],
    env: { TRANSFORMERS_VERBOSITY: "error", HF_HUB_OFFLINE: "1" },
  }).outputSync();
  if (code !== 0) throw new Error(`Cannot run ${python}: ${new TextDecoder().decode(stderr)}`);
  const peer = Peer.parse(JSON.parse(new TextDecoder().decode(stdout)));
  using theirs = openSafetensors(`${folder}/logits.safetensors`);
  const [ids, logits] = [theirs.read("ids") as Int32Array, theirs.read("logits") as Float32Array];

  using device = openDevice(deviceName);
  using model = loadModel(device, path);
  const tokens = tokenizer.encode(text).slice(0, model.config.context_length);
  using tape = new Tape(device, { recording: false });
  const ours = tape.read(model.forward(tape, model.tokens(tape, tokens)));
  const stopToken = tokenizer.specialTokenToId("<|endoftext|>");
  const continued = [...generate(model, tokens.slice(0, 32), { maxNewTokens: 64, temperature: 0, stopToken })];

  const sameIds = ids.length === tokens.length && tokens.every((id, i) => id === ids[i]);
  const sameText = peer.decoded === tokenizer.decode(ids);
  const sameGreedy = continued.join() === peer.greedy.slice(32).filter((id) => id !== stopToken).join();
  const difference = logits.reduce((largest, logit, i) => Math.max(largest, Math.abs(logit - ours[i])), 0);
  const largest = logits.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
  console.log(
    `transformers ${peer.transformers}: ${peer.model}, ${peer.tokenizer}, end of text ${peer.eos.join(" and ")}`,
  );
  console.log(`${tokens.length} tokens, the same: ${sameIds}; decoded to the same text: ${sameText}`);
  console.log(
    `largest difference of ${logits.length} logits: ${difference.toExponential(2)} (largest logit ${largest})`,
  );
  console.log(`greedy continuation of ${continued.length} tokens, the same: ${sameGreedy}`);
  const agrees = sameIds && sameText && sameGreedy && logits.length === ours.length && difference < LARGEST_DIFFERENCE;
  if (!agrees) Deno.exitCode = 1;
} finally {
  Deno.removeSync(folder, { recursive: true });
}
