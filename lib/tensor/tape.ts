import type { Arena } from "./arena.ts";
import type { Device } from "./device.ts";
import type { DType, Slice } from "./slice.ts";
import { checkShape, elements, Gradient, Tensor } from "./tensor.ts";

/** What a differentiable operation leaves on the tape. */
export interface TapeEntry {
  /** Tensors that the operation made, with memory from `tape.empty()`. */
  outputs: readonly Tensor[];
  /** Further memory that its backward pass reads. */
  saved?: readonly Slice[];
  /** Adds to the inputs' gradients; called only if an output has a gradient. */
  backward: () => void;
}

/** How a tape is opened. */
export interface TapeOptions {
  /** Where activations and their gradients go; left out, an arena that ends with the tape. */
  arena?: Arena;
  /** False for inference: nothing is recorded, and `discard()` frees at once. True if left out. */
  recording?: boolean;
  /** Format of activations; f32 if left out. */
  dtype?: DType;
}

/**
 * Records differentiable operations as they run, and runs their gradients in reverse (automatic differentiation in
 * reverse mode, on fused operations). Memory is exact: an activation is released as soon as the operation that
 * made it has been differentiated, and later gradients take its place.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Device } from "./device.ts";
 * import { ReferenceBackend } from "./reference_backend.ts";
 * using device = new Device(new ReferenceBackend());
 * using tape = new Tape(device);
 * const x = tape.tensor([1, 2], [2]);
 * const y = tape.empty([2]);
 * device.scale({ x: x.slice, out: y.slice, factor: 3 });
 * tape.record({
 *   outputs: [y],
 *   backward: () => tape.contribute(x, (dX) => device.scale({ x: y.gradient!.slice, out: dX, factor: 3 })),
 * });
 * assertEquals(tape.read(y), new Float32Array([3, 6]));
 * tape.backward(y);
 * assertEquals(tape.readGradient(x), new Float32Array([3, 3]));
 * ```
 */
export class Tape implements Disposable {
  /** Where the operations run. */
  readonly device: Device;
  /** Where activations and gradients live. */
  readonly arena: Arena;
  /** Whether operations are recorded for `backward()`. */
  readonly recording: boolean;
  /** Format of activations. */
  readonly dtype: DType;
  #ownsArena: boolean;
  #entries: (TapeEntry & { component: string })[] = [];
  // Slices that `empty()` gave and nobody has released: the only ones that may be.
  #owned = new Set<Slice>();
  // Tensors that have a gradient in this tape's memory.
  #differentiated = new Set<Tensor>();
  #root: Tensor | undefined;

  /** Opens an empty tape. */
  constructor(device: Device, { arena, recording = true, dtype = "f32" }: TapeOptions = {}) {
    this.device = device;
    this.arena = arena ?? device.arena("tape");
    this.#ownsArena = arena === undefined;
    this.recording = recording;
    this.dtype = dtype;
  }

  /**
   * A tensor of the numbers given, in row-major order: an input or a weight.
   *
   * @throws {RangeError} If they are not as many as the shape has.
   */
  tensor(data: ArrayLike<number>, shape: readonly number[]): Tensor {
    checkData(data, shape);
    const tensor = new Tensor(this.arena.alloc(data.length, this.dtype), shape);
    this.device.upload(tensor.slice, Float32Array.from(data));
    return tensor;
  }

  /**
   * A tensor of the integers given: token ids, targets, positions, or a mask of 0 and 1. It has no gradient.
   *
   * @throws {RangeError} If one is not a whole number of 32 bits, or they are not as many as the shape has.
   */
  integers(data: ArrayLike<number | boolean>, shape: readonly number[] = [data.length]): Tensor {
    checkData(data, shape);
    const values = data instanceof Int32Array ? data : integersOf(data);
    const tensor = new Tensor(this.arena.alloc(values.length, "i32"), shape);
    this.device.upload(tensor.slice, values);
    return tensor;
  }

  /** Names what the operations that follow are part of. */
  component(name: string): void {
    this.device.scope.component = name;
  }

  /** For operations: memory for an output. */
  empty(shape: readonly number[], dtype: DType = this.dtype): Tensor {
    return new Tensor(this.scratch(elements(shape), dtype), shape);
  }

  /** For operations: memory that the backward pass reads, to be named in `saved`; or to be released. */
  scratch(length: number, dtype: DType = "f32"): Slice {
    const slice = this.arena.alloc(length, dtype);
    this.#owned.add(slice);
    return slice;
  }

  /** For operations: gives back memory of `scratch()` or `empty()`. */
  release(slice: Slice): void {
    if (this.#owned.delete(slice)) this.arena.release(slice);
  }

  /** Says that a value is used up: its memory is free at once unless the tape records. */
  discard(tensor: Tensor): void {
    if (!this.recording) this.release(tensor.slice);
  }

  /** For operations: notes how to differentiate what was just computed. */
  record(entry: TapeEntry): void {
    if (this.recording) this.#entries.push({ ...entry, component: this.device.scope.component });
    else entry.saved?.forEach((slice) => this.release(slice));
  }

  /**
   * For backward functions: where to write a gradient of `tensor`, and whether to add to what is there.
   * Only for operations that can do both; others use `contribute()`.
   */
  gradientFor(tensor: Tensor): { slice: Slice; accumulate: boolean } {
    const { gradient } = tensor;
    if (gradient === undefined) {
      const slice = this.scratch(tensor.memory.length, this.dtype);
      this.#give(tensor, new Gradient(slice, { persistent: false, written: true }));
      return { slice, accumulate: false };
    }
    if (!gradient.written) {
      gradient.written = true;
      return { slice: gradient.slice, accumulate: false };
    }
    if (gradient.owners === 1) return { slice: gradient.slice, accumulate: true };
    const slice = this.scratch(tensor.memory.length, this.dtype);
    this.device.copy({ source: gradient.slice, destination: slice });
    gradient.owners--;
    this.#give(tensor, new Gradient(slice, { persistent: false, written: true }));
    return { slice, accumulate: true };
  }

  /** For backward functions: adds what `write` puts into the slice it is given (which it must overwrite). */
  contribute(tensor: Tensor, write: (slice: Slice) => void): void {
    const { slice, accumulate } = this.gradientFor(tensor);
    if (!accumulate) return write(slice);
    const temporary = this.scratch(slice.length, slice.dtype);
    write(temporary);
    this.device.axpy({ x: temporary, y: slice, factor: 1 });
    this.release(temporary);
  }

  /** For backward functions: adds a gradient that is there, without a copy where the tensor has none yet. */
  share(tensor: Tensor, gradient: Gradient): void {
    if (tensor.gradient === undefined) {
      gradient.owners++;
      this.#give(tensor, gradient);
      return;
    }
    const { slice, accumulate } = this.gradientFor(tensor);
    if (accumulate) this.device.axpy({ x: gradient.slice, y: slice, factor: 1 });
    else this.device.copy({ source: gradient.slice, destination: slice });
  }

  /**
   * For backward functions: makes the memory of a tensor's value hold its gradient. Only for a value that nobody
   * reads any more.
   */
  replaceByGradient(tensor: Tensor): Slice {
    if (tensor.gradient !== undefined) {
      throw new Error("Cannot replace a value by its gradient: it has a gradient already; use contribute()");
    }
    this.#give(tensor, new Gradient(tensor.memory, { persistent: false, written: true }));
    return tensor.memory;
  }

  /** Whether `tensor` is where `backward()` started with a gradient of 1. */
  isRoot(tensor: Tensor): boolean {
    return tensor === this.#root;
  }

  /**
   * Computes the gradients of sum(root * dRoot) with respect to every tensor that the tape has seen. Those of inputs
   * and parameters remain; the activations' memory is released on the way. The tape is empty afterwards.
   *
   * @param dRoot As many numbers as root has; left out, ones.
   * @throws {RangeError} If nothing on the tape made root: it was made elsewhere, or has been differentiated already.
   * @throws {Error} If the tape does not record.
   */
  backward(root: Tensor, dRoot?: ArrayLike<number>): void {
    const { device } = this;
    this.#checkRoot(root);
    const { component, phase } = device.scope;
    device.scope.phase = "backward";
    if (dRoot === undefined && root.slice.length === 1) this.#root = root;
    try {
      this.contribute(root, (slice) => {
        if (dRoot === undefined) device.fill({ x: slice, value: 1 });
        else device.upload(slice, Float32Array.from(dRoot));
      });
      for (let entry = this.#entries.pop(); entry !== undefined; entry = this.#entries.pop()) {
        device.scope.component = entry.component;
        if (entry.outputs.some((output) => output.gradient !== undefined)) entry.backward();
        for (const output of entry.outputs) this.#drop(output);
        entry.saved?.forEach((slice) => this.release(slice));
      }
    } finally {
      this.#root = undefined;
      device.scope.component = component;
      device.scope.phase = phase;
    }
  }

  /**
   * The numbers of a tensor, read back from the device.
   *
   * @throws {TypeError} If they are integers: `device.download(tensor.slice, new Int32Array(length))` reads those.
   */
  read(tensor: Tensor): Float32Array<ArrayBuffer> {
    return this.device.download(tensor.slice);
  }

  /**
   * The gradient of an input or a parameter, read back after `backward()`.
   *
   * @throws {RangeError} If the tensor has none.
   */
  readGradient(tensor: Tensor): Float32Array<ArrayBuffer> {
    if (!tensor.gradient?.written) {
      throw new RangeError(
        `Cannot read the gradient of a tensor of shape [${tensor.shape.join(", ")}]: it has none; ` +
          `call backward() first, on something computed from it`,
      );
    }
    return this.device.download(tensor.gradient.slice);
  }

  /**
   * Forgets all that was recorded and resets the arena, for the next step. Tensors in other memory that got a gradient
   * here, and are no parameters, have none then.
   */
  reset(): void {
    this.#forget();
    this.arena.reset();
  }

  /** Ends the tape, and its arena unless that was given. */
  [Symbol.dispose](): void {
    this.#forget();
    if (this.#ownsArena) this.arena[Symbol.dispose]();
  }

  #give(tensor: Tensor, gradient: Gradient): void {
    tensor.gradient = gradient;
    this.#differentiated.add(tensor);
  }

  #forget(): void {
    this.#entries = [];
    this.#owned.clear();
    for (const tensor of this.#differentiated) if (!tensor.gradient?.persistent) tensor.gradient = undefined;
    this.#differentiated.clear();
  }

  #checkRoot(root: Tensor): void {
    if (!this.recording) {
      throw new Error("Cannot compute gradients: the tape was opened with recording: false; open one that records");
    }
    if (this.#entries.some(({ outputs }) => outputs.includes(root))) return;
    throw new RangeError(
      `Cannot compute gradients of a tensor of shape [${root.shape.join(", ")}]: no operation on this tape made it; ` +
        `call backward() once, on the tape that it was computed on`,
    );
  }

  #drop(output: Tensor): void {
    const { gradient } = output;
    if (gradient !== undefined && !gradient.persistent && --gradient.owners === 0) this.release(gradient.slice);
    output.gradient = undefined;
    this.#differentiated.delete(output);
    this.release(output.memory);
  }
}

function integersOf(data: ArrayLike<number | boolean>): Int32Array {
  const values = new Int32Array(data.length);
  for (let i = 0; i < values.length; i++) {
    values[i] = Number(data[i]);
    if (values[i] !== Number(data[i])) {
      throw new RangeError(
        `Cannot make a tensor of integers: number ${i} is ${data[i]}; give whole numbers of 32 bits`,
      );
    }
  }
  return values;
}

function checkData(data: ArrayLike<unknown>, shape: readonly number[]): void {
  checkShape(shape);
  if (data.length === elements(shape)) return;
  throw new RangeError(
    `Cannot make a tensor of shape [${shape.join(", ")}]: it has ${elements(shape)} elements, ` +
      `${data.length} are given; make them equally many`,
  );
}
