import { formatBytes } from "../../lib/data/amounts.ts";
import type { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { BYTES_PER_ELEMENT } from "../../lib/tensor/slice.ts";
import type { LimitedDevice } from "./check_memory.ts";

/**
 * Forecasts whether as many texts can be generated at a time as are asked for, by the keys, values and logits of each.
 * There are weights and activations besides, so that whatever is refused here could not have been generated.
 *
 * @param length Tokens of each text, as far as the context reaches.
 * @throws {RangeError} If they do not fit the device's memory.
 */
export function checkSamples(
  { config, device, dtype }: Pick<TransformerLM, "config" | "dtype"> & { device: LimitedDevice },
  samples: number,
  length: number,
): void {
  const { num_layers, num_heads, num_kv_heads, d_model, context_length, vocab_size } = config;
  const { memoryBytes = Infinity } = device.backend;
  const keys = num_layers * Math.min(length, context_length) * num_kv_heads * d_model / num_heads;
  const bytes = BYTES_PER_ELEMENT[dtype] * (2 * keys + vocab_size);
  if (samples * bytes <= memoryBytes) return;
  throw new RangeError(
    `Cannot generate ${samples} texts at a time on the ${device.name} device: the keys, values and logits of each take ` +
      `${formatBytes(bytes)}, and it has ${formatBytes(memoryBytes)}; give fewer than ${
        Math.floor(memoryBytes / bytes)
      } --samples`,
  );
}
