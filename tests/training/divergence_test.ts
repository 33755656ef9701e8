import { assertEquals } from "@std/assert";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { lossLimit } from "../../lib/training/divergence.ts";
import { train } from "../../lib/training/train_loop.ts";
import { openDevice } from "../../ffi/devices.ts";
import { smallConfig } from "./small_run.ts";

Deno.test("a loss counts as exploded above twice that of guessing, twice the first loss, and 8", () => {
  assertEquals(lossLimit(10_000, 9.1), 2 * Math.log(10_000));
  assertEquals(lossLimit(10_000, 40), 80);
  assertEquals(lossLimit(3, 1), 8);
});

Deno.test("a toy of three ids that learns has not diverged, whatever its loss is on the way", async () => {
  const data = TokenDataset.fromIds(Uint32Array.from({ length: 300 }, (_, i) => i % 3), { vocabSize: 3 });
  let isAboveGuessing = false;
  for (let seed = 0; seed < 10; seed++) {
    const config = smallConfig({
      model: { ...smallConfig().model, vocab_size: 3 },
      optimizer: { max_learning_rate: 0.3, warmup_steps: 0, min_learning_rate: 0.001 },
      ...{ log_every: 1, steps: 60, seed, checkpoint_every: 60 },
    });
    const losses: number[] = [];
    using device = openDevice("cpu", { threads: 1 });
    using _trained = await train({ config, device, data, onMetrics: ({ loss }) => loss && losses.push(loss) });
    isAboveGuessing ||= Math.max(...losses) > 2 * Math.max(Math.log(3), losses[0]);
    assertEquals([seed, losses.at(-1)! < Math.log(3)], [seed, true]);
  }
  assertEquals(isAboveGuessing, true);
});
