import { openSafetensors } from "../../lib/data/safetensors.ts";

type Vector = number[];
type Matrix = number[][];

/**
 * Logits of a Llama checkpoint for one sequence, [T][vocab_size], as obvious code computes them from the files: halves
 * of a head rotated against each other, every query head with a key and value head of its own, no batch, no cache. It
 * shares nothing with the model under test but the reader of safetensors.
 */
export function naiveLlama(folder: string, tokens: readonly number[]): Matrix {
  const config = JSON.parse(Deno.readTextFileSync(`${folder}/config.json`));
  using file = openSafetensors(`${folder}/model.safetensors`);
  const vector = (name: string): Vector => Array.from(file.read(`${name}.weight`) as Float32Array);
  const matrix = (name: string): Matrix => {
    const [rows, columns] = file.shape(`${name}.weight`);
    const values = vector(name);
    return Array.from({ length: rows }, (_, row) => values.slice(row * columns, (row + 1) * columns));
  };
  const { num_attention_heads: heads, num_key_value_heads: groups, rms_norm_eps: eps, rope_theta: theta } = config;
  const size = config.hidden_size / heads;
  const norm = (x: Vector, weight: Vector) => {
    const meanSquare = x.reduce((sum, value) => sum + value * value, 0) / x.length;
    return x.map((value, i) => value / Math.sqrt(meanSquare + eps) * weight[i]);
  };
  const headsOf = (x: Vector, count: number) =>
    Array.from({ length: count }, (_, head) => x.slice(head * size, (head + 1) * size));
  const rotate = (head: Vector, position: number) =>
    head.map((value, i) => {
      const angle = position * theta ** (-2 * (i % (size / 2)) / size);
      const other = i < size / 2 ? -head[i + size / 2] : head[i - size / 2];
      return value * Math.cos(angle) + other * Math.sin(angle);
    });

  const embedding = matrix("model.embed_tokens");
  let stream = tokens.map((token) => embedding[token]);
  for (let layer = 0; layer < config.num_hidden_layers; layer++) {
    const at = `model.layers.${layer}`;
    const [q, k, v, o] = ["q", "k", "v", "o"].map((name) => matrix(`${at}.self_attn.${name}_proj`));
    const [gate, up, down] = ["gate", "up", "down"].map((name) => matrix(`${at}.mlp.${name}_proj`));
    const [before, after] = ["input_layernorm", "post_attention_layernorm"].map((name) => vector(`${at}.${name}`));

    const normed = stream.map((x) => norm(x, before));
    const queries = normed.map((x, position) => headsOf(times(q, x), heads).map((head) => rotate(head, position)));
    const keys = normed.map((x, position) => headsOf(times(k, x), groups).map((head) => rotate(head, position)));
    const values = normed.map((x) => headsOf(times(v, x), groups));
    stream = stream.map((x, position) => {
      const attended = queries[position].flatMap((query, head) => {
        const group = Math.floor(head / (heads / groups));
        const seen = keys.slice(0, position + 1);
        const weights = softmax(seen.map((key) => dot(query, key[group]) / Math.sqrt(size)));
        return query.map((_, i) => weights.reduce((sum, weight, place) => sum + weight * values[place][group][i], 0));
      });
      return plus(x, times(o, attended));
    });
    stream = stream.map((x) => {
      const h = norm(x, after);
      const raised = times(up, h);
      return plus(x, times(down, times(gate, h).map((g, i) => g / (1 + Math.exp(-g)) * raised[i])));
    });
  }
  const head = config.tie_word_embeddings ? embedding : matrix("lm_head");
  const last = vector("model.norm");
  return stream.map((x) => times(head, norm(x, last)));
}

function dot(a: Vector, b: Vector): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

function times(matrix: Matrix, x: Vector): Vector {
  return matrix.map((row) => dot(row, x));
}

function plus(a: Vector, b: Vector): Vector {
  return a.map((value, i) => value + b[i]);
}

function softmax(scores: Vector): Vector {
  const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
  const sum = exponentials.reduce((a, b) => a + b);
  return exponentials.map((value) => value / sum);
}
