import { assertEquals, assertThrows } from "@std/assert";
import { ModelConfig } from "../../lib/model/config.ts";

const small = { vocab_size: 100, context_length: 16, num_layers: 2, d_model: 48, num_heads: 4 };

Deno.test("ModelConfig fills in the handout's defaults", () => {
  assertEquals(ModelConfig.parse({ ...small, d_model: 512, num_heads: 16 }), {
    ...{
      vocab_size: 100,
      context_length: 16,
      num_layers: 2,
      d_model: 512,
      num_heads: 16,
      num_kv_heads: 16,
      d_ff: 1344,
    },
    ...{ rope_theta: 10_000, norm: "pre", position: "rope", ffn: "swiglu", tied_embeddings: false, rmsnorm_eps: 1e-5 },
    ...{ qk_norm: false, embedding_std: 1, output_init: "normal" },
  });
  assertEquals(ModelConfig.parse({ ...small, ffn: "silu" }).d_ff, 192);
  assertEquals(ModelConfig.parse({ ...small, d_model: 8 }).d_ff, 64);
});

Deno.test("ModelConfig refuses what no model can be, naming the field", () => {
  const refused: [object, string][] = [
    [{ num_heads: 5 }, "d_model must be a multiple of num_heads"],
    [{ d_model: 12 }, "heads of 3"],
    [{ num_kv_heads: 3 }, "num_kv_heads is 3"],
    [{ num_layers: 0 }, "num_layers"],
    [{ vocab_size: 1.5 }, "vocab_size"],
    [{ context_length: -1 }, "context_length"],
    [{ norm: "batch" }, "norm"],
    [{ rope_theta: 0 }, "rope_theta"],
    [{ dmodel: 7 }, "dmodel"],
  ];
  for (const [change, message] of refused) {
    assertThrows(() => ModelConfig.parse({ ...small, ...change }), Error, message);
  }
});

Deno.test("ModelConfig allows an odd head size where nothing is rotated", () => {
  assertEquals(ModelConfig.parse({ ...small, d_model: 12, position: "none" }).d_model, 12);
});
