import { assert, assertEquals } from "@std/assert";
import { CudaBackend } from "../../../ffi/cuda/cuda_backend.ts";
import { checkAttention, testCuda } from "../../../ffi/cuda/inspect.ts";
import { TokenDataset } from "../../../lib/data/token_dataset.ts";
import { generate } from "../../../lib/model/generate.ts";
import { TransformerLM } from "../../../lib/model/transformer_lm.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { Random } from "../../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../../lib/tensor/reference_backend.ts";
import { Trainer } from "../../../lib/training/trainer.ts";
import { cases } from "../../device_conformance/cases.ts";
import { compareCase, conformance } from "../../device_conformance/conformance.ts";
import { pytorchTraining } from "../../device_conformance/pytorch_training.ts";
import { smallConfig, walk } from "../../training/small_run.ts";
import { roundUploads, runInBf16 } from "./bf16_bench.ts";
import { chosen, probabilities } from "./sampling_oracle.ts";

// The same proofs as on the emulation, on the machine's own GPU where there is one.

const missing = whyNot();
const kernelCache = missing === undefined ? Deno.makeTempDirSync({ prefix: "denolm-kernels-" }) : undefined;
if (kernelCache) globalThis.addEventListener("unload", () => Deno.removeSync(kernelCache, { recursive: true }));
const open = (graphs = true) => new Device(new CudaBackend({ kernelCache, graphs }));

if (missing !== undefined) {
  Deno.test({ name: `this machine's GPU (skipped: ${missing})`, ignore: true, fn() {} });
} else {
  conformance("this machine's GPU", open);
  pytorchTraining("this machine's GPU", open);

  for (const operation of Object.keys(cases) as (keyof typeof cases)[]) {
    Deno.test(`this machine's GPU: ${operation}() in bfloat16 agrees with the definition in float64`, async (t) => {
      using device = open();
      using reference = new Device(new ReferenceBackend());
      roundUploads(device);
      roundUploads(reference);
      runInBf16(device);
      const tolerance = operation.endsWith("Backward") ? 2e-2 : 1e-2;
      for (const [title, run] of Object.entries(cases[operation])) {
        await t.step(title, () => compareCase(reference, device, run, tolerance));
      }
    });
  }

  Deno.test("this machine's GPU: products and attention are right, and everything can be measured", () => {
    const measured = testCuda({ kernelCache }, { matrix: 512, copyBytes: 2 ** 24, launches: 100 });
    for (const value of Object.values(measured)) assert(typeof value === "string" || value > 0);
  });

  // As the models that are trained have them, and lengths that no tile divides.
  for (const [length, headSize] of [[256, 32], [333, 32], [1024, 64], [1000, 64], [512, 128], [500, 128], [300, 80]]) {
    Deno.test(`this machine's GPU: attention agrees with products, ${length} positions, heads of ${headSize}`, () => {
      using device = open();
      checkAttention(device, { length, headSize });
    });
  }

  // 200 steps of training.
  const train = (precision: "float32" | "bfloat16", graphs: boolean) => {
    const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });
    using device = open(graphs);
    using trainer = new Trainer(device, smallConfig({ precision, log_every: 200, steps: 200 }));
    const random = new Random(3);
    for (let step = 0; step < 200; step++) trainer.step([data.sample(random, 4, 6), data.sample(random, 4, 6)]);
    return { ...trainer.readResults(), weights: trainer.model.parameters.state() };
  };

  for (const precision of ["float32", "bfloat16"] as const) {
    Deno.test(`this machine's GPU: two runs, one of them recorded, give the same bits in ${precision}`, () => {
      assertEquals(train(precision, true), train(precision, false));
    });
  }

  Deno.test("this machine's GPU: in bfloat16 the loss follows that in float32 over 200 steps", () => {
    const [float32, bfloat16] = [train("float32", true).losses, train("bfloat16", true).losses];
    float32.forEach((loss, step) => {
      const difference = Math.abs(bfloat16[step] / loss - 1);
      assert(difference < 0.03, `loss of step ${step + 1} is ${bfloat16[step]}, in float32 ${loss}`);
    });
  });

  for (
    const limits of [{}, { temperature: 0.7, topK: 50 }, { topP: 0.9 }, { temperature: 2, topK: 20_000, topP: 0.7 }]
  ) {
    Deno.test(`this machine's GPU: of 50,257 tokens the right one is chosen, ${JSON.stringify(limits)}`, () => {
      const [rows, columns] = [64, 50_257];
      using device = open();
      using arena = device.arena("sampling");
      const [logits, draws] = [arena.alloc(rows * columns, "f32"), arena.alloc(rows, "f32")];
      const tokens = arena.alloc(rows, "i32");
      const random = new Random(9);
      const row = Float32Array.from({ length: columns }, () => 4 * random.normal());
      const drawn = Float32Array.from({ length: rows }, () => random.uniform());
      for (let i = 0; i < rows; i++) device.upload(logits.sub(i * columns, columns), row);
      device.upload(draws, drawn);
      const { temperature = 1, topK = columns, topP = 1 } = limits;
      device.sample({ logits, draws, tokens, rows, columns, temperature, topK, topP });
      const made = device.download(tokens, new Int32Array(rows));
      const shares = probabilities(row, limits);
      // Where the draw is not so near to another token's that the sums' rounding could decide.
      const expected = Array.from(drawn, (draw) => chosen(shares, draw)).map(({ token, margin }, i) =>
        margin > 1e-4 ? token : made[i]
      );
      assertEquals([...made], expected);
      assert(expected.some((token, i) => chosen(shares, drawn[i]).margin > 1e-4 && token === made[i]));
    });
  }

  Deno.test("this machine's GPU: greedy generation on the device gives the tokens of the host", () => {
    const made = (onHost: boolean) => {
      using device = open();
      if (onHost) Object.defineProperty(device.backend, "sample", { value: undefined });
      using model = new TransformerLM(device, {
        ...{ vocab_size: 500, context_length: 150, num_layers: 2, d_model: 64, num_heads: 2, d_ff: 128 },
      }, { seed: 5, trainable: false });
      return [...generate(model, [1, 2, 3], { maxNewTokens: 400, temperature: 0 })];
    };
    assertEquals(made(false), made(true));
  });
}

// Why no GPU can be opened here.
function whyNot(): string | undefined {
  try {
    new CudaBackend()[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return (error as Error).message.split(/[:;\n]/)[0];
  }
}
