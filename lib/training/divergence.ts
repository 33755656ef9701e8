/** Training stopped since the loss exploded or is no number any more; scripts that look for such runs catch it. */
export class DivergenceError extends Error {
  /** "DivergenceError". */
  override name = "DivergenceError";
  /** The optimizer step, counted from 1, whose loss or gradient showed it. */
  readonly step: number;
  /** The parameter with the largest gradient when training stopped. */
  readonly parameter: string;

  /** Says what was seen, where, and what to try. */
  constructor(step: number, loss: number, gradientNorm: number, largest: { name: string; norm: number }) {
    const show = (value: number) => Number.isFinite(value) ? value.toPrecision(4) : String(value);
    super(
      `Cannot go on training: at step ${step} the loss was ${show(loss)} and the gradient's norm ${
        show(gradientNorm)
      }; ` +
        `the largest gradient when training stopped was that of ${largest.name} (${show(largest.norm)}). ` +
        `Try a lower max_learning_rate, a longer warm-up, or a lower max_grad_norm`,
    );
    this.step = step;
    this.parameter = largest.name;
  }
}

// Of a few ids the loss of guessing alike is so low that models which learn well pass twice that on the way: one that
// is sure of a wrong id loses what its logits differ by, however many ids there are. In trials with 2 to 12 ids a fifth
// of the runs that did so and learned stayed below this, and most others went past 100.
const LOWEST_LIMIT = 8;

/**
 * Loss above which a run counts as exploded: twice that of guessing all tokens alike, or twice the first loss if that
 * was higher (as with tied embeddings, whose first logits are large), or 8 where both are lower (as with ten ids).
 */
export function lossLimit(vocabSize: number, firstLoss: number): number {
  return Math.max(LOWEST_LIMIT, 2 * Math.log(vocabSize), 2 * firstLoss);
}
