import { z } from "zod";
import type { ModelConfig as Fields, ModelConfigInput } from "./config_fields.ts";

/**
 * Configuration of a Transformer language model, with the field's names. Parsing fills in defaults (those of the CS336
 * handout) and checks what fields must satisfy together; every message names the field.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const config = ModelConfig.parse({
 *   vocab_size: 10_000, context_length: 256, num_layers: 4, d_model: 512, num_heads: 16,
 * });
 * assertEquals(config.d_ff, 1344);
 * assertThrows(() => ModelConfig.parse({ ...config, num_heads: 7 }), Error, "num_heads");
 * ```
 */
export const ModelConfig: z.ZodType<Fields, ModelConfigInput> = z.object({
  vocab_size: positive("number of token ids"),
  context_length: positive("longest sequence, in tokens"),
  num_layers: positive("number of Transformer blocks"),
  d_model: positive("width of the residual stream"),
  num_heads: positive("attention heads; d_model is a multiple"),
  num_kv_heads: positive("key and value heads, shared by num_heads / num_kv_heads query heads; default: num_heads")
    .optional(),
  d_ff: positive(
    "width of the feed-forward layers; default: 8/3 d_model to the nearest multiple of 64 (4 d_model without a gate)",
  )
    .optional(),
  rope_theta: z.number().positive().default(10_000).describe("base of the rotary position embedding's wavelengths"),
  norm: z.enum(["pre", "post", "none"]).default("pre").describe("where RMSNorm stands in a block, if anywhere"),
  position: z.enum(["rope", "none"]).default("rope").describe("how positions enter: rotary embedding, or not at all"),
  ffn: z.enum(["swiglu", "silu", "relu2"]).default("swiglu")
    .describe("feed-forward layer: gated (three matrices), or two matrices around SiLU or the squared ReLU"),
  qk_norm: z.boolean().default(false).describe("whether RMSNorm is applied to every head's queries and keys"),
  tied_embeddings: z.boolean().default(false).describe("whether the output head is the token embedding"),
  embedding_std: z.number().positive().default(1).describe("standard deviation with which token embeddings start"),
  output_init: z.enum(["normal", "depth_scaled", "zero"]).default("normal")
    .describe("how output_proj and w2 start: as all others, smaller by sqrt(2 num_layers), or at zero"),
  rmsnorm_eps: z.number().positive().default(1e-5).describe("added to the mean square in RMSNorm"),
}).strict().transform((fields, context) => {
  const { d_model, num_heads, num_kv_heads = num_heads, ffn } = fields;
  const complain = (path: string, message: string) => context.addIssue({ code: "custom", path: [path], message });
  if (d_model % num_heads !== 0) {
    complain("num_heads", `num_heads is ${num_heads}, d_model ${d_model}; d_model must be a multiple of num_heads`);
  } else if (fields.position === "rope" && (d_model / num_heads) % 2 !== 0) {
    complain(
      "num_heads",
      `num_heads is ${num_heads}, d_model ${d_model}: heads of ${d_model / num_heads}; ` +
        `rotary embedding needs an even head size, or position "none"`,
    );
  }
  if (num_heads % num_kv_heads !== 0) {
    complain(
      "num_kv_heads",
      `num_kv_heads is ${num_kv_heads}, num_heads ${num_heads}; num_heads must be a multiple of num_kv_heads`,
    );
  }
  const gated = Math.max(64, 64 * Math.round(8 * d_model / 3 / 64));
  return { ...fields, num_kv_heads, d_ff: fields.d_ff ?? (ffn === "swiglu" ? gated : 4 * d_model) };
});

/** A checked configuration, defaults filled in. */
export type ModelConfig = Fields;

/**
 * Checks a configuration and fills in its defaults.
 *
 * @throws {RangeError} If it is refused; each field that is wrong is named, with its value.
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * const config = { vocab_size: 11, context_length: 8, num_layers: 1, d_model: 0, num_heads: 2 };
 * assertThrows(() => checkedConfig(config), RangeError, "d_model is 0");
 * ```
 */
export function checkedConfig(config: ModelConfigInput): ModelConfig {
  const parsed = ModelConfig.safeParse(config);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ code, path, message }) => {
    // What fields must satisfy together says its own names and values.
    if (code === "custom") return message;
    const field = path[0] as keyof ModelConfigInput | undefined;
    return (field === undefined ? "" : `${field} is ${config[field]}: `) + message[0].toLowerCase() + message.slice(1);
  });
  throw new RangeError(`Cannot make the model: ${problems.join("; ")}`);
}

export type { ModelConfigInput };

function positive(description: string) {
  return z.int().positive().describe(description);
}
