import type { ModelConfig } from "./config_fields.ts";
import type { ParameterShape } from "./parameter_layout.ts";

/**
 * Standard deviation of the normal distribution from which a matrix starts: sqrt(2 / (d_in + d_out)) for linear layers
 * (handout, parameter initialization), `embedding_std` for the embedding. `output_init` "depth_scaled" divides that of
 * the layers which write to the residual stream by sqrt(2 num_layers), the root of their number, so that the stream's
 * variance does not grow with depth (GPT-2; Radford et al., 2019); "zero" makes every block begin as the identity
 * (Goyal et al., 2017; Zhang et al., 2019).
 */
export function initialDeviation(
  { kind, shape }: ParameterShape,
  { embedding_std, output_init, num_layers }: ModelConfig,
): number {
  if (kind === "embedding") return embedding_std;
  const deviation = Math.sqrt(2 / (shape[0] + shape[1]));
  if (kind !== "output" || output_init === "normal") return deviation;
  return output_init === "zero" ? 0 : deviation / Math.sqrt(2 * num_layers);
}
