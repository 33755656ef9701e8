import { assert, assertEquals } from "@std/assert";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { openSafetensors } from "../../lib/data/safetensors.ts";
import { train } from "../../lib/training/train_loop.ts";
import type { TrainingConfig } from "../../lib/training/training_config.ts";
import { openDevice } from "../../ffi/devices.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { smallConfig, walk } from "./small_run.ts";

const data = TokenDataset.fromIds(walk(2000), { vocabSize: 12 });
const { model, optimizer } = smallConfig();

// The optimizer's fields that follow from others are left to follow.
const { max_learning_rate, min_learning_rate } = optimizer;
const rates = { max_learning_rate, min_learning_rate };

const switches: Record<string, Record<string, unknown>> = {
  "the handout's settings": {},
  "qk_norm": { model: { ...model, qk_norm: true } },
  "relu2": { model: { ...model, ffn: "relu2" } },
  "a small tied embedding": { model: { ...model, tied_embeddings: true, embedding_std: 0.02 } },
  "depth-scaled outputs": { model: { ...model, output_init: "depth_scaled" } },
  "outputs at zero": { model: { ...model, output_init: "zero" } },
  "the linear schedule": { optimizer: { ...rates, schedule: "linear" } },
  "Muon": { optimizer: { ...rates, name: "muon" } },
  "all of them": {
    model: { ...model, qk_norm: true, ffn: "relu2", tied_embeddings: true, embedding_std: 0.1, output_init: "zero" },
    optimizer: { ...rates, name: "muon", schedule: "linear" },
  },
};

for (const [name, changes] of Object.entries(switches)) {
  const config = (steps: number): TrainingConfig =>
    smallConfig({ ...changes, steps, checkpoint_every: 100, eval_every: 100, log_every: 10 });

  Deno.test(`training with ${name} lowers the loss`, async () => {
    using device = openDevice("cpu", { threads: 1 });
    const losses: number[] = [];
    using _trained = await train({ config: config(120), device, data, onMetrics: ({ loss }) => losses.push(loss!) });
    assert(losses.at(-1)! < losses[0] - 0.3, `losses ${losses}`);
  });

  Deno.test(`with ${name}, one thread and two give the same bits`, async () => {
    const weights = async (threads: number) => {
      using device = openDevice("cpu", { threads });
      using trained = await train({ config: config(6), device, data });
      return trained.model.parameters.state();
    };
    assertEquals(await weights(1), await weights(2));
  });

  Deno.test(`with ${name}, stopping and resuming changes no bit`, async () => {
    using runs = new TemporaryFolder();
    const run = async (folder: string, steps: number, resume = false) => {
      using device = openDevice("cpu", { threads: 2 });
      // A schedule is that of all steps wherever training stops.
      const { optimizer } = config(12);
      using _trained = await train({ config: { ...config(steps), optimizer }, device, data, folder, resume });
    };
    await run(runs.at("straight"), 12);
    await run(runs.at("halves"), 5);
    await run(runs.at("halves"), 12, true);
    const files = ["straight", "halves"].map((run) => runs.at(`${run}/checkpoints/step-00000012.safetensors`));
    using straight = openSafetensors(files[0]);
    using halves = openSafetensors(files[1]);
    assertEquals(halves.names, straight.names);
    for (const name of straight.names) assertEquals(halves.read(name), straight.read(name), name);
  });
}
