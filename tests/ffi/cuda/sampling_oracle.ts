/** What restricts the choice of a token. */
export interface SamplingLimits {
  /** Divides the logits; 1 if left out. */
  temperature?: number;
  /** Of how many largest logits; all if left out. */
  topK?: number;
  /** Of which share of the probability; 1 if left out. */
  topP?: number;
}

/** Probabilities after temperature, top-k and top-p, by sorting everything. */
export function probabilities(
  logits: ArrayLike<number>,
  { temperature = 1, topK = Infinity, topP = 1 }: SamplingLimits,
): number[] {
  const ids = Array.from(logits, (_, id) => id);
  const order = ids.toSorted((a, b) => logits[b] - logits[a] || a - b).slice(0, topK);
  const weight = (id: number) => Math.exp((logits[id] - logits[order[0]]) / temperature);
  const total = order.reduce((sum, id) => sum + weight(id), 0);
  const kept = new Set<number>();
  let sum = 0;
  for (const id of order) {
    kept.add(id);
    if ((sum += weight(id)) >= topP * total) break;
  }
  return ids.map((id) => kept.has(id) ? weight(id) / sum : 0);
}

/** The column at which the running sum of probabilities passes a draw, and how near the draw is to another's. */
export function chosen(shares: readonly number[], draw: number): { token: number; margin: number } {
  let sum = 0;
  for (let token = 0; token < shares.length; token++) {
    const before = sum;
    sum += shares[token];
    if (draw < sum) return { token, margin: Math.min(draw - before, sum - draw) };
  }
  return { token: shares.length - 1, margin: 0 };
}
