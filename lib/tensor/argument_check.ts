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

/** Checks the arguments of one call on a device, with messages that name the operation and the argument. */
export class Check {
  /** Checks for one call of `operation` on `device`. */
  constructor(readonly device: { readonly name: string }, readonly operation: string) {}

  /** Sizes must be whole numbers above 0. */
  dimensions(values: Record<string, number>): void {
    for (const name in values) {
      if (!(Number.isSafeInteger(values[name]) && values[name] > 0)) {
        throw new RangeError(
          `Cannot run ${this.operation}: ${name} is ${values[name]}; it must be a whole number above 0`,
        );
      }
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

  /**
   * A slice must cover `batch` matrices of strided rows. The strides come under the names that the message shall show;
   * one with "atchStride" in its name separates matrices, any other rows.
   */
  matrices(
    name: string,
    slice: Slice,
    dtypes: readonly DType[],
    { batch = 1, rows, columns, ...strides }: Record<string, number>,
  ): void {
    this.dimensions({ batch, rows, columns });
    let needed = columns;
    for (const key in strides) {
      const ofBatch = key.includes("atchStride");
      const stride = strides[key];
      const smallest = ofBatch ? 0 : columns;
      if (!(Number.isSafeInteger(stride) && stride >= smallest)) {
        throw new RangeError(
          `Cannot run ${this.operation}: ${key} is ${stride}; it must be a whole number of at least ${smallest}`,
        );
      }
      needed += ((ofBatch ? batch : rows) - 1) * stride;
    }
    this.slice(name, slice, dtypes, needed);
  }

  /** The same for an operand of attention. */
  operand(
    name: string,
    { slice, rowStride, batchStride }: AttentionOperand,
    { batch, rows, columns }: { batch: number; rows: number; columns: number },
  ): void {
    this.matrices(name, slice, FLOATS, { batch, rows, columns, rowStride, batchStride });
  }

  /** Operands must be equally long and typed; an output may be an input itself, but not overlap it otherwise. */
  elementwise(inputs: Record<string, Slice>, outputs: Record<string, Slice>): void {
    const [[firstName, first]] = Object.entries(inputs);
    for (const [name, slice] of [...Object.entries(inputs), ...Object.entries(outputs)]) {
      this.slice(name, slice, FLOATS, 1);
      this.alike(firstName, first, name, slice);
      this.sameLength(firstName, first, name, slice);
    }
    for (const output in outputs) {
      for (const input in inputs) this.sameOrApart(output, outputs[output], input, inputs[input]);
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
  if ((slice.dtype === "i32") !== (data instanceof Int32Array)) {
    throw new TypeError(
      `Cannot ${operation}: the slice is ${slice.dtype}, the array ${data.constructor.name}; ` +
        `i32 goes with Int32Array, all else with Float32Array`,
    );
  }
}
