import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromBfloat16, toBfloat16 } from "../../lib/data/half_precision.ts";
import { openLlama } from "../../lib/interop/llama_checkpoint.ts";
import { writeLlama } from "../../lib/interop/write_llama.ts";
import type { ModelConfigInput } from "../../lib/model/config_fields.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { naiveLlama } from "./naive_llama.ts";

const plain: ModelConfigInput = {
  ...{ vocab_size: 11, context_length: 16, num_layers: 2, d_model: 24, num_heads: 4, d_ff: 20 },
  ...{ rope_theta: 700, rmsnorm_eps: 1e-3 },
};
const variants: Record<string, ModelConfigInput> = {
  "a head of its own": plain,
  "tied embeddings, which started small": { ...plain, tied_embeddings: true, embedding_std: 0.02 },
  "grouped-query attention": { ...plain, num_kv_heads: 2 },
  "one key head for all, tied": { ...plain, num_kv_heads: 1, tied_embeddings: true },
};

/** A model in which every weight matters: wide, and with norms that are not ones. */
function randomModel(device: Device, config: ModelConfigInput): TransformerLM {
  const model = new TransformerLM(device, config);
  const random = new Random(5);
  const state = new Map(
    [...model.parameters.named.values()].map(({ name, weights: { length }, kind }) => {
      const [mean, deviation] = kind === "norm" ? [1, 0.2] : [0, 0.4];
      return [name, Float32Array.from({ length }, () => mean + deviation * random.truncatedNormal(3))];
    }),
  );
  model.parameters.load(state);
  return model;
}

function sourceOf({ config, parameters }: TransformerLM) {
  const state = parameters.state();
  return { config, weights: (name: string) => state.get(name)! };
}

const tokens = [3, 1, 4, 1, 5, 9, 2, 6];

for (const [name, config] of Object.entries(variants)) {
  Deno.test(`writeLlama() writes a model that computes the same with halves rotated: ${name}`, async () => {
    using folder = new TemporaryFolder();
    using device = new Device(new ReferenceBackend());
    using model = randomModel(device, config);
    await writeLlama(folder.at("llama"), sourceOf(model));
    using tape = new Tape(device, { recording: false });
    const ours = tape.read(model.forward(tape, model.tokens(tape, tokens)));
    const naive = naiveLlama(folder.at("llama"), tokens).flat();
    assertEquals(naive.length, ours.length);
    const largest = Math.max(...naive.map((logit, i) => Math.abs(logit - ours[i])));
    assert(largest < 1e-5, `largest difference: ${largest}`);
    assert(Math.max(...naive) > 1, "logits this small would hide a difference");
  });

  Deno.test(`what writeLlama() writes, openLlama() reads back to the bit: ${name}`, async () => {
    using folder = new TemporaryFolder();
    using device = new Device(new ReferenceBackend());
    using model = randomModel(device, config);
    await writeLlama(folder.at("llama"), sourceOf(model));
    using llama = openLlama(folder.at("llama"));
    // How first weights were drawn is not told to transformers.
    assertEquals(llama.config, { ...model.config, embedding_std: 1 });
    assertEquals(llama.state(), model.parameters.state());
  });
}

Deno.test("writeLlama() rounds to bfloat16 where it is asked to", async () => {
  using folder = new TemporaryFolder();
  using device = new Device(new ReferenceBackend());
  using model = randomModel(device, plain);
  await writeLlama(folder.at("llama"), sourceOf(model), { dtype: "BF16" });
  using llama = openLlama(folder.at("llama"));
  const rounded = [...model.parameters.state()].map(([name, values]) =>
    [name, fromBfloat16(toBfloat16(values))] as const
  );
  assertEquals(llama.state(), new Map(rounded));
  assertEquals(JSON.parse(Deno.readTextFileSync(folder.at("llama/config.json"))).torch_dtype, "bfloat16");
});

Deno.test("writeLlama() names the token that ends a text where the tokenizer has it", async () => {
  using folder = new TemporaryFolder();
  using device = new Device(new ReferenceBackend());
  const tokenizer = await Tokenizer.load(
    decodeURIComponent(new URL("../fixtures/llama/tokenizer", import.meta.url).pathname),
  );
  using model = randomModel(device, { ...plain, vocab_size: tokenizer.vocabSize + 3 });
  const read = (path: string) => JSON.parse(Deno.readTextFileSync(folder.at(path)));
  await writeLlama(folder.at("ends"), sourceOf(model), { tokenizer });
  assertEquals([read("ends/config.json").eos_token_id, read("ends/generation_config.json").eos_token_id], [0, 0]);
  assertEquals(read("ends/tokenizer_config.json").eos_token, "<|endoftext|>");
  using llama = openLlama(folder.at("ends"));
  assertEquals(llama.endOfText, [0]);
  await writeLlama(folder.at("endless"), sourceOf(model), { tokenizer, endOfText: "<|stop|>" });
  assertEquals(read("endless/config.json").eos_token_id, null);
  assertEquals(read("endless/tokenizer_config.json").eos_token, undefined);
});

Deno.test("models that Llama cannot express are refused with every reason, and nothing is written", async () => {
  using folder = new TemporaryFolder();
  const cases: [Partial<ModelConfigInput>, string][] = [
    [{ norm: "post" }, 'norm is "post", and Llama computes as with "pre"'],
    [{ norm: "none" }, 'norm is "none"'],
    [{ position: "none" }, 'position is "none", and Llama computes as with "rope"'],
    [{ qk_norm: true }, "qk_norm is true, and Llama computes as with false"],
    [{ ffn: "relu2" }, 'ffn is "relu2"'],
    [{ ffn: "silu", norm: "post" }, 'ffn is "silu", and Llama computes as with "swiglu"'],
  ];
  for (const [change, message] of cases) {
    using device = new Device(new ReferenceBackend());
    using model = randomModel(device, { ...plain, ...change });
    await assertRejects(() => writeLlama(folder.at("llama"), sourceOf(model)), RangeError, message);
  }
  assertEquals(folder.names(), []);
});

Deno.test("a field of the configuration that Llama has never heard of is refused unless it has its default", async () => {
  using folder = new TemporaryFolder();
  using device = new Device(new ReferenceBackend());
  using model = randomModel(device, plain);
  const { config, weights } = sourceOf(model);
  const later = { ...config, logit_cap: 30 };
  await assertRejects(() => writeLlama(folder.at("llama"), { config: later, weights }), RangeError, "logit_cap is 30");
});

Deno.test("a tokenizer with more tokens than the model, and a folder in use, are refused", async () => {
  using folder = new TemporaryFolder();
  using device = new Device(new ReferenceBackend());
  using model = randomModel(device, plain);
  const tokenizer = await Tokenizer.load(
    decodeURIComponent(new URL("../fixtures/llama/tokenizer", import.meta.url).pathname),
  );
  await assertRejects(
    () => writeLlama(folder.at("llama"), sourceOf(model), { tokenizer }),
    RangeError,
    "it has 270 tokens",
  );
  Deno.mkdirSync(folder.at("llama"));
  Deno.writeTextFileSync(folder.at("llama/notes.txt"), "mine");
  await assertRejects(
    () => writeLlama(folder.at("llama"), sourceOf(model)),
    Error,
    "there is one with notes.txt already",
  );
  assertEquals(folder.names(), ["llama"]);
});

Deno.test("a folder half written is not left behind", async () => {
  using folder = new TemporaryFolder();
  using device = new Device(new ReferenceBackend());
  using model = randomModel(device, plain);
  const { config, weights } = sourceOf(model);
  const failing = (name: string) => {
    if (name === "lm_head.weight") throw new Error("the disk is full");
    return weights(name);
  };
  await assertRejects(() => writeLlama(folder.at("llama"), { config, weights: failing }), Error, "the disk is full");
  assertEquals(folder.names(), []);
});
