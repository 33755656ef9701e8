import { NEWTON_SCHULZ_ITERATIONS } from "../optim/newton_schulz.ts";
import { adamwOperations } from "./adamw_flops.ts";
import { evaluate, type Expression, product, sum, type Term } from "./expression.ts";
import { type ModelShape, valuesOf } from "./model_shape.ts";
import { formulas, type OperationFormula, times } from "./operation_formulas.ts";
import { type ParameterComponent, parameterComponents } from "./parameters.ts";

/** Which optimizer an account is of: AdamW for all, or Muon for the matrices within blocks and AdamW for the others. */
export type OptimizerName = "adamw" | "muon";

/** A matrix of every block, as Muon steps it. */
export interface BlockMatrix {
  /** d_out. */
  rows: Term;
  /** d_in. */
  columns: Term;
  /** The smaller of both. */
  side: Term;
  /** The larger of both. */
  length: Term;
  /** Whether there are more rows than columns: its step is scaled. */
  isTall: boolean;
}

/** The matrices of a block. */
export function blockMatrices(model: ModelShape): BlockMatrix[] {
  const values = valuesOf(model);
  return parameterComponents(model).filter(isBlockMatrix).map(({ shape: [rows, columns] }) => {
    const isTall = evaluate(product(rows), values) > evaluate(product(columns), values);
    return { rows, columns, isTall, ...(isTall ? { side: columns, length: rows } : { side: rows, length: columns }) };
  });
}

/** All parameters but those: what AdamW steps beside Muon. */
export function parametersBesideMuon(model: ModelShape): ParameterComponent[] {
  return parameterComponents(model).filter((component) => !isBlockMatrix(component));
}

/**
 * Every operation of this library's Muon (lib/optim/muon.ts) on the matrices within blocks, with gradients scaled by a
 * clip coefficient.
 */
export function muonOperations(model: ModelShape): OperationFormula[] {
  return blockMatrices(model).flatMap(({ rows, columns, side, length, isTall }) => {
    const all = product(rows, columns);
    const square = product(side, side);
    const { scale, axpy, copy, matmul, matmulOnto } = formulas;
    const onto = (isScaled: boolean) => matmulOnto(rows, columns, side, isScaled);
    return [
      ...[scale(all), scale(all), axpy(all), axpy(all)],
      ...[formulas.sumOfSquares(all), formulas.inverseNorm(), scale(all)],
      ...[matmul(side, side, length), copy(square), matmulOnto(side, side, side, true), copy(all)]
        .map((operation) => times(NEWTON_SCHULZ_ITERATIONS, operation)),
      ...[times(NEWTON_SCHULZ_ITERATIONS - 1, onto(false)), onto(isTall)],
      ...[scale(all), formulas.sgdStep(all)],
    ].map((operation) => times("n", operation));
  });
}

/**
 * FLOPs of one step of Muon: all that its operations do on the matrices within blocks, of which the products of the
 * Newton-Schulz iteration are nearly all (4 s² l + 2 s³ each for sides s ≤ l), and AdamW's on every other parameter.
 */
export function muonFlops(model: ModelShape): Expression {
  const { firstMoment, secondMoment, update, weightDecay } = adamwOperations;
  const perParameter = firstMoment + secondMoment + update + weightDecay;
  return sum(
    ...muonOperations(model).flatMap(({ flops, otherFlops }) => [flops, otherFlops]),
    ...parametersBesideMuon(model).map(({ count }) => product(perParameter, count)),
  );
}

function isBlockMatrix({ name, shape }: ParameterComponent): boolean {
  return name.startsWith("layers.") && shape.length === 2;
}
