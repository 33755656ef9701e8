/** The typed array that holds the elements of each supported `.npy` element type. */
export type NpyArrays = {
  bool: Uint8Array;
  uint8: Uint8Array;
  uint16: Uint16Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  int8: Int8Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  float32: Float32Array;
  float64: Float64Array;
};

/** numpy's name of a supported element type. */
export type NpyDtype = keyof NpyArrays;

/** A typed array that can come from or go into a `.npy` file. */
export type NpyArray = NpyArrays[NpyDtype];

/** What the header of a `.npy` file says. */
export interface NpyHeader {
  /** Element type. */
  dtype: NpyDtype;
  /** Lengths of the dimensions; empty for a single number. */
  shape: number[];
  /** Whether the first index varies fastest (a Fortran-ordered array). */
  fortranOrder: boolean;
  /** Offset of the first element from the start of the file, in bytes. */
  dataOffset: number;
}

// The two characters after the byte order in numpy's "descr".
const DTYPE_OF_CODE: Record<string, NpyDtype> = {
  b1: "bool",
  u1: "uint8",
  u2: "uint16",
  u4: "uint32",
  u8: "uint64",
  i1: "int8",
  i2: "int16",
  i4: "int32",
  i8: "int64",
  f4: "float32",
  f8: "float64",
};

const CONSTRUCTORS = {
  bool: Uint8Array,
  uint8: Uint8Array,
  uint16: Uint16Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  int8: Int8Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  float32: Float32Array,
  float64: Float64Array,
};

/** Bytes of one element of a type. */
export function npyItemSize(dtype: NpyDtype): number {
  return CONSTRUCTORS[dtype].BYTES_PER_ELEMENT;
}

/** A zeroed array of `length` elements of a type. */
export function newNpyArray<Dtype extends NpyDtype>(dtype: Dtype, length: number): NpyArrays[Dtype] {
  return new CONSTRUCTORS[dtype](length) as NpyArrays[Dtype];
}

/** The element type that an array is written as. */
export function npyDtypeOf(array: NpyArray): NpyDtype {
  for (const [dtype, constructor] of Object.entries(CONSTRUCTORS)) {
    if (dtype !== "bool" && array instanceof constructor) return dtype as NpyDtype;
  }
  throw new TypeError(
    `Cannot write a .npy file: the values are a ${(array as object)?.constructor?.name ?? array}; ` +
      `try a typed array of integers, Float32Array or Float64Array`,
  );
}

/** Length of every header that {@linkcode formatNpyHeader} makes: a multiple of 64, as numpy aligns data for mmap. */
export const NPY_HEADER_BYTES = 128;

const MAGIC = "\x93NUMPY";

/** The bytes to read before the whole header's length is known: magic string, version, and the longer length field. */
export const NPY_PREFIX_BYTES = 12;

// numpy's own limit: more than any real header, and small enough that a damaged length allocates nothing of note.
const MAX_HEADER_BYTES = 10_000;

/**
 * The header of a one-dimensional little-endian array, in format version 1.0. It always has
 * {@linkcode NPY_HEADER_BYTES} bytes, so a writer may reserve it and fill in the length at the end.
 */
export function formatNpyHeader(dtype: NpyDtype, length: number): Uint8Array {
  const code = Object.keys(DTYPE_OF_CODE).find((code) => DTYPE_OF_CODE[code] === dtype)!;
  const order = npyItemSize(dtype) === 1 ? "|" : "<";
  const dictionary = `{'descr': '${order}${code}', 'fortran_order': False, 'shape': (${length},), }`;
  const header = new Uint8Array(NPY_HEADER_BYTES).fill(0x20);
  const text = `${MAGIC}\x01\x00${String.fromCharCode(NPY_HEADER_BYTES - 10, 0)}${dictionary}`;
  for (let i = 0; i < text.length; i++) header[i] = text.charCodeAt(i);
  header[NPY_HEADER_BYTES - 1] = 0x0a;
  return header;
}

/**
 * Length in bytes of the whole header, read from its first {@linkcode NPY_PREFIX_BYTES} bytes.
 *
 * @param name What the messages call the file.
 * @throws {Error} If the bytes do not begin a `.npy` file of version 1.0, 2.0 or 3.0, or the length is absurd.
 */
export function npyHeaderLength(prefix: Uint8Array, name: string): number {
  const magic = String.fromCharCode(...prefix.subarray(0, 6));
  if (magic !== MAGIC) {
    const advice = "give one as deno task encode or numpy.save writes it";
    throw new Error(
      `Cannot read ${name}: it begins with ${JSON.stringify(magic)}, not with the mark of a .npy file; ${advice}`,
    );
  }
  if (prefix.length < NPY_PREFIX_BYTES) {
    throw new Error(
      `Cannot read ${name}: it ends after ${prefix.length} bytes, inside its header; it was cut off, try writing it again`,
    );
  }
  const [major, minor] = [prefix[6], prefix[7]];
  if (major < 1 || major > 3) {
    throw new Error(`Cannot read ${name}: its .npy version is ${major}.${minor}; versions 1.0, 2.0 and 3.0 are read`);
  }
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const length = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES) {
    throw new Error(
      `Cannot read ${name}: its header claims ${length} bytes, more than the ${MAX_HEADER_BYTES} that numpy ` +
        `accepts; the file is damaged`,
    );
  }
  return length;
}

/**
 * Reads a whole header.
 *
 * @param header The file's first {@linkcode npyHeaderLength} bytes.
 * @param name What the messages call the file.
 * @throws {Error} If the header is malformed or describes elements that are big-endian or of another type.
 */
export function parseNpyHeader(header: Uint8Array, name: string): NpyHeader {
  const text = new TextDecoder("latin1").decode(header.subarray(header[6] === 1 ? 10 : 12));
  const entries = parseDictionary(text);
  if (entries === undefined) {
    throw new Error(
      `Cannot read ${name}: its header is ${JSON.stringify(text.trim().slice(0, 200))}; expected a dictionary of ` +
        `'descr', 'fortran_order' and 'shape'`,
    );
  }
  const shape = (entries.shape.match(/\d+/g) ?? []).map(Number);
  return {
    dtype: parseDescr(entries.descr, name),
    shape,
    fortranOrder: entries.fortran_order === "True",
    dataOffset: header.length,
  };
}

// The header is a Python dictionary; of Python's grammar it needs only strings, True, False and tuples of integers.
// The integers of Python 2 may end in L. A list is the description of a structured type, refused later by name.
const ENTRY =
  /\s*(?:'(\w+)'|"(\w+)")\s*:\s*('[^'\\]*'|"[^"\\]*"|True|False|\(\s*(?:\d+L?\s*,\s*)*(?:\d+L?\s*)?\)|\[[^{}]*\])\s*(,|(?=\}))/y;

function parseDictionary(text: string): { descr: string; fortran_order: string; shape: string } | undefined {
  const start = /^\s*\{/.exec(text)?.[0].length;
  if (start === undefined) return undefined;
  const entries = new Map<string, string>();
  ENTRY.lastIndex = start;
  let end = start;
  for (let entry = ENTRY.exec(text); entry !== null; entry = ENTRY.exec(text)) {
    const key = entry[1] ?? entry[2];
    if (entries.has(key)) return undefined;
    entries.set(key, entry[3]);
    end = ENTRY.lastIndex;
  }
  const [descr, fortran_order, shape] = ["descr", "fortran_order", "shape"].map((key) => entries.get(key));
  const whole = /^\s*\}\s*$/.test(text.slice(end)) && entries.size === 3;
  if (!whole || !descr?.match(/^['"[]/) || !fortran_order?.match(/^[TF]/) || !shape?.startsWith("(")) return undefined;
  return { descr, fortran_order, shape };
}

function parseDescr(descr: string, name: string): NpyDtype {
  const type = descr.replace(/^['"]|['"]$/g, "");
  const dtype = DTYPE_OF_CODE[type.slice(1)];
  if (dtype !== undefined && (type[0] === "<" || (type[0] === "|" && npyItemSize(dtype) === 1))) return dtype;
  if (dtype !== undefined && type[0] === ">") {
    throw new Error(
      `Cannot read ${name}: its elements are big-endian (${type}); ` +
        `try saving it little-endian, in numpy array.astype("<${type.slice(1)}")`,
    );
  }
  const what = /^\|?O/.test(type) ? "Python objects (pickled), which are never loaded" : `of type ${type.slice(0, 60)}`;
  throw new Error(
    `Cannot read ${name}: its elements are ${what}; try saving it as bool, an integer, float32 or float64`,
  );
}
