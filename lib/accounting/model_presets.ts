import type { ModelShape } from "./model_shape.ts";
import { lookUp } from "./look_up.ts";

const llama = { norm: "pre", position: "rope", ffn: "swiglu", qk_norm: false, tied_embeddings: false } as const;

/**
 * The GPT-2 sizes as the handout counts them: its own architecture (RMSNorm, RoPE, SwiGLU with d_ff = 4 d_model, no
 * biases, untied head) in GPT-2's dimensions. OpenAI's models have LayerNorm, learned positions, GELU with two
 * matrices, biases and a tied head, and so fewer parameters (GPT-2 XL 1.56 billion where this one has 2.13).
 */
function gpt2(num_layers: number, d_model: number, num_heads: number): ModelShape {
  return {
    vocab_size: 50_257,
    context_length: 1_024,
    num_layers,
    d_model,
    num_heads,
    num_kv_heads: num_heads,
    d_ff: 4 * d_model,
    ...llama,
  };
}

/** The handout's model for its own training runs (section 7), by the size of the vocabulary. */
function handoutModel(vocab_size: number): ModelShape {
  return {
    vocab_size,
    context_length: 256,
    num_layers: 4,
    d_model: 512,
    num_heads: 16,
    num_kv_heads: 16,
    d_ff: 1_344,
    ...llama,
  };
}

/**
 * Models by name: GPT-2's sizes in the handout's architecture, the handout's models for TinyStories and OpenWebText,
 * and Llama's published sizes (TinyLlama: Zhang et al., 2024; Llama 2: Touvron et al., 2023; Llama 3: Grattafiori et
 * al., 2024).
 */
export const modelPresets = {
  "gpt2-small": gpt2(12, 768, 12),
  "gpt2-medium": gpt2(24, 1_024, 16),
  "gpt2-large": gpt2(36, 1_280, 20),
  "gpt2-xl": gpt2(48, 1_600, 25),
  "tinystories": handoutModel(10_000),
  "openwebtext": handoutModel(32_000),
  "tinyllama-1.1b": {
    vocab_size: 32_000,
    context_length: 2_048,
    num_layers: 22,
    d_model: 2_048,
    num_heads: 32,
    num_kv_heads: 4,
    d_ff: 5_632,
    ...llama,
  },
  "llama2-7b": {
    vocab_size: 32_000,
    context_length: 4_096,
    num_layers: 32,
    d_model: 4_096,
    num_heads: 32,
    num_kv_heads: 32,
    d_ff: 11_008,
    ...llama,
  },
  "llama2-13b": {
    vocab_size: 32_000,
    context_length: 4_096,
    num_layers: 40,
    d_model: 5_120,
    num_heads: 40,
    num_kv_heads: 40,
    d_ff: 13_824,
    ...llama,
  },
  "llama3-8b": {
    vocab_size: 128_256,
    context_length: 8_192,
    num_layers: 32,
    d_model: 4_096,
    num_heads: 32,
    num_kv_heads: 8,
    d_ff: 14_336,
    ...llama,
  },
  "llama3-70b": {
    vocab_size: 128_256,
    context_length: 8_192,
    num_layers: 80,
    d_model: 8_192,
    num_heads: 64,
    num_kv_heads: 8,
    d_ff: 28_672,
    ...llama,
  },
} as const satisfies Record<string, ModelShape>;

/**
 * A model by its preset's name.
 *
 * @throws {RangeError} If there is no such preset; one that is near is named.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(modelPreset("gpt2-xl").d_ff, 6_400);
 * ```
 */
export function modelPreset(name: string): ModelShape {
  return lookUp<ModelShape>(modelPresets, name, "model preset");
}
