import { AtomicFile } from "./atomic_write.ts";
import {
  formatNpyHeader,
  newNpyArray,
  NPY_HEADER_BYTES,
  NPY_PREFIX_BYTES,
  type NpyArray,
  type NpyArrays,
  type NpyDtype,
  npyDtypeOf,
  npyHeaderLength,
  npyItemSize,
  parseNpyHeader,
} from "./npy_header.ts";
import { openFile } from "./open_file.ts";
import { readFully } from "./read_fully.ts";

// Deno runs on little-endian processors only, so typed arrays already hold the bytes that the format asks for.
function bytesOf(array: NpyArray): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/**
 * An open one-dimensional `.npy` file whose elements are read by position: memory holds what was asked for, never the
 * whole file. Open it with {@linkcode openNpy}.
 */
export class NpyReader implements Disposable {
  /** The file's path. */
  readonly path: string;
  /** Element type. */
  readonly dtype: NpyDtype;
  /** Number of elements. */
  readonly length: number;
  #file: Deno.FsFile | undefined;
  #dataOffset: number;

  /** Takes over an open file whose header has been checked; {@linkcode openNpy} calls it. */
  constructor(path: string, file: Deno.FsFile, dtype: NpyDtype, length: number, dataOffset: number) {
    this.path = path;
    this.dtype = dtype;
    this.length = length;
    this.#file = file;
    this.#dataOffset = dataOffset;
  }

  /**
   * Reads elements `start` to `start + count - 1` into a new array.
   *
   * @throws {RangeError} If they are not all inside the file.
   * @throws {Error} If the file was closed.
   */
  read(start: number, count: number): NpyArray {
    this.#check(start, count);
    const target = newNpyArray(this.dtype, count);
    this.readInto(start, target);
    return target;
  }

  /**
   * Reads the elements from `start` on into `target` until it is full, without allocating.
   *
   * @param target An array of the file's own type.
   * @throws {RangeError} If the elements are not all inside the file.
   * @throws {TypeError} If `target` has another type than the file.
   * @throws {Error} If the file was closed.
   */
  readInto(start: number, target: NpyArray): void {
    this.#check(start, target.length);
    if (npyDtypeOf(target) !== (this.dtype === "bool" ? "uint8" : this.dtype)) {
      throw new TypeError(`Cannot read ${this.path}: it holds ${this.dtype}, the target ${npyDtypeOf(target)}`);
    }
    const file = this.#openFile();
    file.seekSync(this.#dataOffset + start * npyItemSize(this.dtype), Deno.SeekMode.Start);
    const filled = readFully(file, bytesOf(target));
    if (filled < target.byteLength) {
      throw new Error(
        `Cannot read ${this.path}: it ends inside element ${start + Math.floor(filled / npyItemSize(this.dtype))} of ` +
          `${this.length}; it was cut off after it was opened`,
      );
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

  #openFile(): Deno.FsFile {
    if (this.#file !== undefined) return this.#file;
    throw new Error(`Cannot read ${this.path}: it was closed; open it again`);
  }

  #check(start: number, count: number): void {
    if (!Number.isInteger(start) || !Number.isInteger(count) || start < 0 || count < 0 || start + count > this.length) {
      throw new RangeError(
        `Cannot read ${this.path}: elements ${start} to ${start + count} were asked for, it has ${this.length}`,
      );
    }
  }
}

/**
 * Opens a one-dimensional `.npy` file (little-endian integers or floats; format 1.0, 2.0 or 3.0) for positioned reads.
 *
 * @throws {Error} If the header is malformed, the array has another number of dimensions or an unsupported type, or the
 * file is shorter than its header says.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync({ suffix: ".npy" });
 * writeNpy(path, new Uint16Array([5, 6, 7, 8]));
 * {
 *   using ids = openNpy(path);
 *   assertEquals([ids.dtype, ids.length], ["uint16", 4]);
 *   assertEquals(ids.read(1, 2), new Uint16Array([6, 7]));
 * }
 * Deno.removeSync(path);
 * ```
 */
export function openNpy(path: string): NpyReader {
  const file = openFile(path);
  try {
    const prefix = new Uint8Array(NPY_PREFIX_BYTES);
    const header = new Uint8Array(npyHeaderLength(prefix.subarray(0, readFully(file, prefix)), path));
    file.seekSync(0, Deno.SeekMode.Start);
    if (readFully(file, header) < header.length) {
      throw new Error(
        `Cannot read ${path}: it ends inside its header of ${header.length} bytes; it was cut off, try writing it again`,
      );
    }
    const { dtype, shape, dataOffset } = parseNpyHeader(header, path);
    if (shape.length !== 1) {
      throw new Error(
        `Cannot read ${path}: its shape is (${shape.join(", ")}); expected one dimension, try array.reshape(-1)`,
      );
    }
    const expected = dataOffset + shape[0] * npyItemSize(dtype);
    const { size } = file.statSync();
    if (size < expected) {
      throw new Error(
        `Cannot read ${path}: it has ${size} bytes, and its ${shape[0]} elements of ${dtype} need ${expected}; ` +
          `it was cut off, try writing it again`,
      );
    }
    return new NpyReader(path, file, dtype, shape[0], dataOffset);
  } catch (error) {
    file.close();
    throw error;
  }
}

/**
 * Writes a one-dimensional `.npy` file piece by piece, its length known only at the end. The file appears under `path`
 * when `close()` has run, whole and synced; disposing of the writer before that leaves nothing behind. numpy can map
 * it: `numpy.load(path, mmap_mode="r")`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * {
 *   using writer = new NpyWriter(`${folder}/ids.npy`, "uint16");
 *   writer.write(new Uint16Array([1, 2, 3]));
 *   writer.write(new Uint16Array([4]));
 *   writer.close();
 * }
 * {
 *   using ids = openNpy(`${folder}/ids.npy`);
 *   assertEquals(ids.read(0, ids.length), new Uint16Array([1, 2, 3, 4]));
 * }
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export class NpyWriter<Dtype extends NpyDtype> implements Disposable {
  /** Element type. */
  readonly dtype: Dtype;
  #output: AtomicFile;
  #length = 0;

  /**
   * Opens a temporary neighbour of `path`.
   *
   * @throws {Deno.errors.NotFound} If the folder of `path` does not exist.
   */
  constructor(path: string, dtype: Dtype) {
    this.dtype = dtype;
    this.#output = new AtomicFile(path);
    try {
      this.#output.write(new Uint8Array(NPY_HEADER_BYTES));
    } catch (error) {
      this.#output[Symbol.dispose]();
      throw error;
    }
  }

  /** Number of elements written so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Appends elements.
   *
   * @throws {TypeError} If the array's type is not the file's.
   */
  write(values: NpyArrays[Dtype]): void {
    const dtype = npyDtypeOf(values);
    if (dtype !== (this.dtype === "bool" ? "uint8" : this.dtype)) {
      throw new TypeError(`Cannot write to ${this.#output.path}: the values are ${dtype}, the file ${this.dtype}`);
    }
    this.#output.write(bytesOf(values));
    this.#length += values.length;
  }

  /**
   * Fills in the header and puts the file in its place.
   *
   * @throws {Error} If it was closed already, or discarded.
   */
  close(): void {
    this.#output.assertOpen();
    this.#output.file.seekSync(0, Deno.SeekMode.Start);
    this.#output.write(formatNpyHeader(this.dtype, this.#length));
    this.#output.commit();
  }

  /** Discards the file unless `close()` has run. */
  [Symbol.dispose](): void {
    this.#output[Symbol.dispose]();
  }
}

/**
 * Writes an array to a one-dimensional `.npy` file in one go, atomically.
 *
 * @throws {TypeError} If the array's type has no `.npy` counterpart here.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const path = Deno.makeTempFileSync({ suffix: ".npy" });
 * writeNpy(path, new Float32Array([0.5, 1]));
 * {
 *   using losses = openNpy(path);
 *   assertEquals([losses.dtype, losses.length], ["float32", 2]);
 * }
 * Deno.removeSync(path);
 * ```
 */
export function writeNpy(path: string, values: NpyArray): void {
  using writer = new NpyWriter(path, npyDtypeOf(values));
  writer.write(values);
  writer.close();
}
