import { AtomicFile } from "./atomic_write.ts";
import { fromBfloat16, fromFloat16, toBfloat16 } from "./half_precision.ts";
import { openFile } from "./open_file.ts";
import { readFully } from "./read_fully.ts";
import {
  formatSafetensorsHeader,
  MAX_SAFETENSORS_HEADER_BYTES,
  parseSafetensorsHeader,
  SAFETENSORS_ITEM_SIZES,
  type SafetensorsDtype,
  type SafetensorsEntry,
} from "./safetensors_header.ts";

/** A tensor's values as they are read: BF16 and F16 are widened to float32, BOOL comes as bytes. */
export type SafetensorsArray =
  | Float32Array<ArrayBuffer>
  | Float64Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>;

const VALUES: Record<SafetensorsDtype, (buffer: ArrayBuffer) => SafetensorsArray> = {
  BOOL: (buffer) => new Uint8Array(buffer),
  U8: (buffer) => new Uint8Array(buffer),
  I8: (buffer) => new Int8Array(buffer),
  U16: (buffer) => new Uint16Array(buffer),
  I16: (buffer) => new Int16Array(buffer),
  F16: (buffer) => fromFloat16(new Uint16Array(buffer)),
  BF16: (buffer) => fromBfloat16(new Uint16Array(buffer)),
  U32: (buffer) => new Uint32Array(buffer),
  I32: (buffer) => new Int32Array(buffer),
  F32: (buffer) => new Float32Array(buffer),
  U64: (buffer) => new BigUint64Array(buffer),
  I64: (buffer) => new BigInt64Array(buffer),
  F64: (buffer) => new Float64Array(buffer),
};

// Values pass through a buffer of this size where they cannot be read or written in place.
const CHUNK_BYTES = 1 << 20;

/** An open safetensors file; each tensor is read when asked for. Open it with {@linkcode openSafetensors}. */
export class SafetensorsReader implements Disposable {
  /** The file's path. */
  readonly path: string;
  /** Free text by key. */
  readonly metadata: Readonly<Record<string, string>>;
  #file: Deno.FsFile | undefined;
  #tensors: Map<string, SafetensorsEntry>;

  /** Takes over an open file whose header has been checked; {@linkcode openSafetensors} calls it. */
  constructor(
    path: string,
    file: Deno.FsFile,
    tensors: Map<string, SafetensorsEntry>,
    metadata: Record<string, string>,
  ) {
    this.path = path;
    this.metadata = metadata;
    this.#file = file;
    this.#tensors = tensors;
  }

  /** The tensors' names, in the order of their bytes. */
  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  /** Whether there is a tensor of this name. */
  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /**
   * A tensor's element type.
   *
   * @throws {RangeError} If there is no tensor of this name.
   */
  dtype(name: string): SafetensorsDtype {
    return this.#entry(name).dtype;
  }

  /**
   * The lengths of a tensor's dimensions; empty for a single number.
   *
   * @throws {RangeError} If there is no tensor of this name.
   */
  shape(name: string): number[] {
    return [...this.#entry(name).shape];
  }

  /**
   * Reads a tensor's values, row-major.
   *
   * @throws {RangeError} If there is no tensor of this name.
   * @throws {Error} If the file was closed.
   */
  read(name: string): SafetensorsArray {
    const { dtype, start, end } = this.#entry(name);
    const bytes = new Uint8Array(end - start);
    this.#openFile().seekSync(start, Deno.SeekMode.Start);
    this.#fill(bytes);
    return VALUES[dtype](bytes.buffer);
  }

  /**
   * Reads a tensor of floats (F32, BF16 or F16) into `target`, which may lie in shared memory; needs a megabyte beside
   * it, whatever the tensor's size.
   *
   * @throws {RangeError} If there is no such tensor or it has another number of elements.
   * @throws {TypeError} If its elements are no such floats.
   * @throws {Error} If the file was closed.
   */
  readInto(name: string, target: Float32Array): void {
    const { dtype, shape, start, end } = this.#entry(name);
    const itemSize = SAFETENSORS_ITEM_SIZES[dtype];
    if (dtype !== "F32" && dtype !== "BF16" && dtype !== "F16") {
      throw new TypeError(`Cannot read tensor "${name}" of ${this.path}: it is ${dtype}; expected F32, BF16 or F16`);
    }
    if ((end - start) / itemSize !== target.length) {
      throw new RangeError(
        `Cannot read tensor "${name}" of ${this.path}: its shape is [${shape.join(", ")}]; ` +
          `expected ${target.length} elements`,
      );
    }
    this.#openFile().seekSync(start, Deno.SeekMode.Start);
    for (let position = start; position < end; position += CHUNK_BYTES) {
      const bytes = new Uint8Array(Math.min(CHUNK_BYTES, end - position));
      this.#fill(bytes);
      target.set(VALUES[dtype](bytes.buffer) as Float32Array, (position - start) / itemSize);
    }
  }

  /** Closes the file, unless it is closed already. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }

  #entry(name: string): SafetensorsEntry {
    const entry = this.#tensors.get(name);
    if (entry === undefined) {
      const names = this.names;
      const some = names.slice(0, 5).join(", ") + (names.length > 5 ? ", ..." : "");
      throw new RangeError(`Cannot read tensor "${name}" of ${this.path}: it has ${names.length} tensors (${some})`);
    }
    return entry;
  }

  #openFile(): Deno.FsFile {
    if (this.#file !== undefined) return this.#file;
    throw new Error(`Cannot read ${this.path}: it was closed; open it again`);
  }

  #fill(target: Uint8Array): void {
    if (readFully(this.#openFile(), target) < target.length) {
      throw new Error(`Cannot read ${this.path}: it was cut off after it was opened`);
    }
  }
}

/**
 * Opens a safetensors file (https://huggingface.co/docs/safetensors) and checks its header; the tensors stay on disk
 * until they are asked for.
 *
 * @throws {Error} If the header is malformed: absurd length, no JSON, a name twice, shapes that do not fit the bytes,
 * gaps, overlaps, a file cut off.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync();
 * writeSafetensors(path, { "ln_final.weight": { shape: [2], values: new Float32Array([1, 0.5]) } }, { step: "3" });
 * {
 *   using file = openSafetensors(path);
 *   assertEquals(file.names, ["ln_final.weight"]);
 *   assertEquals(file.read("ln_final.weight"), new Float32Array([1, 0.5]));
 *   assertEquals(file.metadata, { step: "3" });
 * }
 * Deno.removeSync(path);
 * ```
 */
export function openSafetensors(path: string): SafetensorsReader {
  const file = openFile(path);
  try {
    const { size } = file.statSync();
    const prefix = new Uint8Array(8);
    if (readFully(file, prefix) < 8) {
      throw new Error(`Cannot read ${path}: it has ${size} bytes; a safetensors file has at least 8`);
    }
    const length = new DataView(prefix.buffer).getBigUint64(0, true);
    if (length > BigInt(Math.min(MAX_SAFETENSORS_HEADER_BYTES, size - 8))) {
      throw new Error(
        `Cannot read ${path}: its header claims ${length} bytes, the file has ${size}; ` +
          `it was cut off or is no safetensors file`,
      );
    }
    const header = new Uint8Array(Number(length));
    readFully(file, header);
    const { tensors, metadata } = parseSafetensorsHeader(header, size - 8 - header.length, path);
    return new SafetensorsReader(path, file, tensors, metadata);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A tensor to be written. */
export interface SafetensorsTensor {
  /** Lengths of the dimensions; empty for a single number. */
  shape: readonly number[];
  /** The values, row-major; or a function that fetches them in their turn, so that not all need be in memory. */
  values: Float32Array | (() => Float32Array);
  /** How to store them: as they are, or rounded to bfloat16. Default F32. */
  dtype?: "F32" | "BF16";
}

/**
 * Writes tensors to a safetensors file, atomically and deterministically: F32 before BF16, each in the order of their
 * names, so that equal tensors give equal bytes.
 *
 * @param tensors The tensors by name.
 * @param metadata Free text by key.
 * @throws {RangeError} If the number of values does not fit the shape, or a size is no whole number of at least 0;
 * nothing is written then.
 * @throws {TypeError} If metadata are no texts, or a type is not F32 or BF16.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync();
 * const values = new Float32Array([1, 1 / 3]);
 * writeSafetensors(path, { "lm_head.weight": { shape: [1, 2], values, dtype: "BF16" } });
 * {
 *   using file = openSafetensors(path);
 *   assertEquals(file.read("lm_head.weight"), new Float32Array([1, 0.333984375]));
 * }
 * Deno.removeSync(path);
 * ```
 */
export function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, SafetensorsTensor>>,
  metadata: Record<string, string> = {},
): void {
  const ordered = Object.entries(tensors).map(([name, { shape, values, dtype = "F32" }]) => ({
    name,
    shape,
    values,
    dtype,
  }))
    // Wider elements first keep all of them aligned; names compare by code units, which no locale changes.
    .sort((a, b) => a.dtype === b.dtype ? (a.name < b.name ? -1 : 1) : a.dtype === "F32" ? -1 : 1);
  for (const { name, shape, dtype } of ordered) checkTensor(path, name, shape, dtype);
  for (const [key, text] of Object.entries(metadata)) {
    if (typeof text === "string") continue;
    throw new TypeError(`Cannot write ${path}: its metadata "${key}" is a ${typeof text}; give a text`);
  }
  using output = new AtomicFile(path);
  output.write(formatSafetensorsHeader(ordered, metadata));
  for (const { name, shape, values, dtype } of ordered) {
    const fetched = typeof values === "function" ? values() : values;
    const expected = shape.reduce((product, length) => product * length, 1);
    if (fetched.length !== expected) {
      throw new RangeError(
        `Cannot write tensor "${name}" to ${path}: it has ${fetched.length} values, and shape [${shape.join(", ")}] ` +
          `needs ${expected}`,
      );
    }
    // In chunks and through a copy, since the values may lie in shared memory, which a file does not take.
    const step = CHUNK_BYTES / 4;
    for (let start = 0; start < fetched.length; start += step) {
      const chunk = fetched.subarray(start, start + step);
      output.write(new Uint8Array((dtype === "BF16" ? toBfloat16(chunk) : new Float32Array(chunk)).buffer));
    }
  }
  output.commit();
}

// What a reader would refuse.
function checkTensor(path: string, name: string, shape: readonly number[], dtype: string): void {
  if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0)) {
    throw new RangeError(
      `Cannot write tensor "${name}" to ${path}: its shape is [${shape.join(", ")}]; ` +
        `every size must be a whole number of at least 0`,
    );
  }
  if (dtype !== "F32" && dtype !== "BF16") {
    throw new TypeError(`Cannot write tensor "${name}" to ${path}: its type is ${dtype}; expected F32 or BF16`);
  }
}
