/**
 * How far a long computation has come. Library functions report it through an `onProgress` callback; scripts draw it as
 * a bar, print it as JSON lines, or keep silent.
 */
export interface Progress {
  /** What is being done, in a few lower-case words: "counting pre-tokens". */
  phase: string;
  /** Amount done so far in this phase, in `unit`. */
  done: number;
  /** Amount of the whole phase; left out where it is not known. */
  total?: number;
  /** What `done` and `total` count: "bytes", "merges", "steps". */
  unit: string;
  /** What else is worth seeing while it goes on, in a few words: "loss 1.83". */
  detail?: string;
}

/** Receives progress; called often, so it must be cheap and must not throw. */
export type OnProgress = (progress: Progress) => void;
