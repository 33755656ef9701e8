import type { AttentionOperand } from "./operations.ts";
import type { DType, Slice } from "./slice.ts";

/** Types of activations and weights. */
export const FLOATS: readonly DType[] = ["f32", "bf16"];
/** Only 32-bit floats. */
export const F32: readonly DType[] = ["f32"];
/** Only integers. */
export const I32: readonly DType[] = ["i32"];
/** Only bfloat16. */
export const BF16: readonly DType[] = ["bf16"];
/** Every type. */
export const ANY: readonly DType[] = ["f32", "bf16", "i32"];

/** How matrices lie in memory; strides in elements. */
export interface MatrixLayout {
  /** Number of matrices. */
  batch: number;
  /** Rows of each. */
  rows: number;
  /** Length of a row. */
  columns: number;
  /** From a row to the next. */
  stride: number;
  /** From a matrix to the next. */
  batchStride: number;
}

/** Checks the arguments of one call on a device, with messages that name the operation and the argument. */
export class Check {
  /** Checks for one call of `operation` on `device`. */
  constructor(readonly device: { readonly name: string }, readonly operation: string) {}

  /** Sizes must be whole numbers above 0. */
  dimensions(values: Record<string, number>): void {
    for (const name in values) this.dimension(name, values[name]);
  }

  /** A size must be a whole number above 0. */
  dimension(name: string, value: number): void {
    if (!(Number.isSafeInteger(value) && value > 0)) {
      throw new RangeError(`Cannot run ${this.operation}: ${name} is ${value}; it must be a whole number above 0`);
    }
  }

  /** A slice must be live, on the device, of one of the types, and have the elements needed. */
  slice(name: string, slice: Slice, dtypes: readonly DType[], needed: number): void {
    if (slice.arena.device !== this.device) {
      throw new RangeError(
        `Cannot run ${this.operation}: ${name} is on another device (${slice.arena.device.name}); ` +
          `upload it to this one (${this.device.name})`,
      );
    }
    slice.arena.assertLive(slice);
    if (!dtypes.includes(slice.dtype)) {
      throw new TypeError(`Cannot run ${this.operation}: ${name} is ${slice.dtype}; it must be ${dtypes.join(" or ")}`);
    }
    if (!(slice.length >= needed)) {
      throw new RangeError(
        `Cannot run ${this.operation}: ${name} has ${slice.length} elements; the dimensions given need ${needed}`,
      );
    }
  }

  /** A slice must cover `batch` matrices of strided rows. */
  matrices(name: string, slice: Slice, dtypes: readonly DType[], layout: MatrixLayout): void {
    const { batch, rows, columns, stride, batchStride } = layout;
    this.dimension("batch", batch);
    this.dimension("rows", rows);
    this.dimension("columns", columns);
    if (!(Number.isSafeInteger(stride) && stride >= columns)) {
      throw new RangeError(
        `Cannot run ${this.operation}: the stride of ${name} is ${stride}; ` +
          `rows of ${columns} elements must be at least that far apart`,
      );
    }
    if (!(Number.isSafeInteger(batchStride) && batchStride >= 0)) {
      throw new RangeError(
        `Cannot run ${this.operation}: the batch stride of ${name} is ${batchStride}; ` +
          `it must be a whole number of at least 0`,
      );
    }
    this.slice(name, slice, dtypes, (batch - 1) * batchStride + (rows - 1) * stride + columns);
  }

  /** The same for an operand of attention. */
  operand(name: string, operand: AttentionOperand, batch: number, rows: number, columns: number): void {
    const { slice, rowStride: stride, batchStride } = operand;
    this.matrices(name, slice, FLOATS, { batch, rows, columns, stride, batchStride });
  }

  /** Operands must be equally long and typed; the output may be an input itself, but not overlap it otherwise. */
  elementwise(inputs: Record<string, Slice>, outputName: string, output: Slice): void {
    this.slice(outputName, output, FLOATS, 1);
    for (const name in inputs) {
      const input = inputs[name];
      this.slice(name, input, FLOATS, 1);
      this.alike(name, input, outputName, output);
      this.sameLength(name, input, outputName, output);
      this.sameOrApart(outputName, output, name, input);
    }
  }

  /** Two slices must be of one type. */
  alike(nameA: string, a: Slice, nameB: string, b: Slice): void {
    if (a.dtype !== b.dtype) {
      throw new TypeError(
        `Cannot run ${this.operation}: ${nameA} is ${a.dtype}, ${nameB} ${b.dtype}; give both the same type`,
      );
    }
  }

  /** Two slices must be equally long. */
  sameLength(nameA: string, a: Slice, nameB: string, b: Slice): void {
    if (a.length !== b.length) {
      throw new RangeError(
        `Cannot run ${this.operation}: ${nameA} has ${a.length} elements, ${nameB} ${b.length}; make them equally long`,
      );
    }
  }

  /** An output must not overlap an input. */
  apart(outputName: string, output: Slice, inputName: string, input: Slice): void {
    if (overlap(output, input)) {
      throw new RangeError(
        `Cannot run ${this.operation}: ${outputName} overlaps ${inputName}; give it memory of its own`,
      );
    }
  }

  /** An output may be the input itself, but not overlap it otherwise. */
  sameOrApart(outputName: string, output: Slice, inputName: string, input: Slice): void {
    if (output.byteOffset !== input.byteOffset) this.apart(outputName, output, inputName, input);
  }
}

function overlap(a: Slice, b: Slice): boolean {
  return a.block === b.block && a.byteOffset < b.byteOffset + b.bytes && b.byteOffset < a.byteOffset + a.bytes;
}

/**
 * What `Device.upload()` and `Device.download()` check: the slice is live on the device, and the array as long as it
 * and of its type.
 */
export function checkTransfer(
  device: { readonly name: string },
  operation: "upload" | "download",
  slice: Slice,
  data: Float32Array | Int32Array,
): void {
  new Check(device, operation).slice("slice", slice, ANY, 1);
  if (data.length !== slice.length) {
    throw new RangeError(
      `Cannot ${operation}: the array has ${data.length} elements, the slice ${slice.length}; make them equally long`,
    );
  }
  if (!(data instanceof (slice.dtype === "i32" ? Int32Array : Float32Array))) {
    throw new TypeError(
      `Cannot ${operation}: the slice is ${slice.dtype}, the array ${data.constructor.name}; ` +
        `i32 goes with Int32Array, all else with Float32Array`,
    );
  }
}
