import { assertEquals } from "@std/assert";
import { TokenDataset } from "../../../lib/data/token_dataset.ts";
import { Device, type Recording } from "../../../lib/tensor/device.ts";
import { Random } from "../../../lib/tensor/random.ts";
import { evaluate } from "../../../lib/training/evaluate.ts";
import { Trainer } from "../../../lib/training/trainer.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { smallConfig, walk } from "../../training/small_run.ts";

const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });
const validation = TokenDataset.fromIds(walk(500).subarray(400), { vocabSize: 12 });

for (const [optimizer, precision] of [["adamw", "float32"], ["adamw", "bfloat16"], ["muon", "bfloat16"]] as const) {
  const name = `cuda: steps that are recorded give the bits of steps that are not, ${optimizer}, ${precision}`;
  testOnEmulation(name, (emulation) => {
    const queued = train(emulation, { optimizer, precision, records: false });
    const { replays, recordings, ...recorded } = train(emulation, { optimizer, precision, records: true });
    const { replays: _, recordings: none, ...expected } = queued;
    assertEquals(recorded, expected);
    // Of each of the three runs of equal batches the first step is queued, and the second recorded, batch by batch.
    assertEquals({ replays, recordings, none }, { replays: 12, recordings: 5, none: 0 });
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
  });
}

// Ten steps: with two batches each, then with one that is larger, then again as at first; evaluated in between.
function train(emulation: Emulation, { optimizer, precision, records }: {
  optimizer: "adamw" | "muon";
  precision: "float32" | "bfloat16";
  records: boolean;
}) {
  const backend = emulation.open();
  const counts = { recordings: 0, replays: 0 };
  const record = backend.record!;
  const counted = (work: () => void): Recording => {
    const recording = record(work);
    counts.recordings++;
    return {
      replay: () => {
        counts.replays++;
        recording.replay();
      },
      [Symbol.dispose]: () => recording[Symbol.dispose](),
    };
  };
  Object.defineProperty(backend, "record", { value: records ? counted : undefined });
  using device = new Device(backend);
  const config = smallConfig({ precision, log_every: 10, steps: 10, optimizer: { name: optimizer, warmup_steps: 2 } });
  using trainer = new Trainer(device, config);
  const random = new Random(3);
  const evaluations: number[] = [];
  for (const [batches, sequences] of [[2, 2], [2, 2], [2, 2], [1, 5], [1, 5], [1, 5], [2, 2], [2, 2], [2, 2], [2, 2]]) {
    trainer.step(Array.from({ length: batches }, () => data.sample(random, sequences, 6)));
    if (trainer.steps % 2 === 0) {
      const windows = validation.windows(2, 7, 6);
      evaluations.push(evaluate(trainer.model, windows, { arena: trainer.activations }).loss);
    }
  }
  return { ...trainer.readResults(), evaluations, weights: trainer.model.parameters.state(), ...counts };
}
