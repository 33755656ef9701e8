import { evaluate, type Expression, product, substitute, sum } from "./expression.ts";
import { formatExpression } from "./format_expression.ts";
import { type ModelShape, valuesOf } from "./model_shape.ts";
import { isSamePolynomial, normalForm } from "./normal_form.ts";

/** What is to be said of a published figure. */
export type Verdict = "agrees" | "arithmetic slip" | "left out" | "counted twice";

/** How a published formula departs from the full account. */
export interface Departure {
  /** Left out: the full account has it; counted twice: the published formula has it once too often. */
  verdict: "left out" | "counted twice";
  /** What it is, in a few words that follow "the". */
  what: string;
  /** How much it is. */
  amount: Expression;
}

/** A published number, the formula that it was published with, and the full account of the same thing. */
export interface PublishedFigure {
  /** The problem's part: "(b)". */
  problem: string;
  /** What is counted. */
  name: string;
  /** The model. */
  model: ModelShape;
  /** Tokens of a sequence. */
  sequenceLength: number;
  /** Sequences in a batch; 1 if left out. */
  batchSize?: number;
  /** The number as published. */
  published: bigint;
  /** To how many significant digits it was published; exactly, if left out. */
  significantDigits?: number;
  /** The formula as published. */
  formula: Expression;
  /** What the formula leaves out or counts twice. */
  departures: readonly Departure[];
  /** The full account. */
  full: Expression;
  /** Where the published number is not its formula's: how it differs, after "the published number". */
  slip?: string;
}

/** A published figure, judged. */
export interface Judgement {
  /** The value of the published formula. */
  formulaValue: bigint;
  /** The value of the full account. */
  fullValue: bigint;
  /** Every verdict that applies; "agrees" stands alone. */
  verdicts: Verdict[];
  /** One sentence of explanation. */
  explanation: string;
}

/**
 * Judges a published figure by the numbers: a slip if it is not its own formula's value, and what that formula leaves
 * out or counts twice.
 *
 * @throws {Error} If the departures do not lead from the published formula to the full account for every model of
 *   the shape d_ff = 4 d, or a slip has no explanation: the verdict would then not be the whole truth.
 */
export function judge(figure: PublishedFigure): Judgement {
  const { published, significantDigits, formula, departures, full, slip } = figure;
  const corrected = sum(
    formula,
    ...departures.map(({ verdict, amount }) => product(verdict === "left out" ? 1 : -1, amount)),
  );
  const dff = { d_ff: product(4, "d") };
  if (!isSamePolynomial(substitute(corrected, dff), substitute(full, dff))) {
    throw new Error(
      `Cannot judge ${figure.name}: ${formatExpression(corrected)} is not ${formatExpression(full)}; ` +
        `a departure is missing or wrong`,
    );
  }
  const values = valuesOf(figure.model, figure.batchSize, figure.sequenceLength);
  const formulaValue = evaluate(formula, values);
  if (isRounded(published, formulaValue, significantDigits) !== (slip === undefined)) {
    throw new Error(`Cannot judge ${figure.name}: ${published} published, ${formulaValue} by formula, slip ${slip}`);
  }
  const faults = departures.map(({ verdict, what, amount }) =>
    `${verdict === "left out" ? "leaves out" : "counts"} the ${what} (${formatExpression(normalForm(amount))})`
  );
  const sentences = [
    ...(slip === undefined ? [] : [`the published number ${slip}`]),
    ...(faults.length === 0 ? [] : [`the published formula ${faults.join(" and ")}`]),
  ];
  return {
    formulaValue,
    fullValue: evaluate(full, values),
    verdicts: slip === undefined && departures.length === 0 ? ["agrees"] : [
      ...new Set<Verdict>([
        ...(slip ? ["arithmetic slip" as const] : []),
        ...departures.map(({ verdict }) => verdict),
      ]),
    ],
    explanation: sentences.join("; "),
  };
}

function isRounded(published: bigint, exact: bigint, significantDigits?: number): boolean {
  if (significantDigits === undefined) return published === exact;
  return Number(published).toPrecision(significantDigits) === Number(exact).toPrecision(significantDigits);
}
