import { z } from "zod";

/** Bytes of one element of each type that safetensors files are read with here. */
export const SAFETENSORS_ITEM_SIZES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

/** Name of an element type. */
export type SafetensorsDtype =
  | ("BOOL" | "U8" | "I8" | "U16" | "I16" | "U32" | "I32" | "U64" | "I64")
  | ("F16" | "BF16" | "F32" | "F64");

/** What the header says of one tensor. */
export interface SafetensorsEntry {
  /** Element type. */
  dtype: SafetensorsDtype;
  /** Lengths of the dimensions; empty for a single number. */
  shape: number[];
  /** Offset of the first byte from the start of the file. */
  start: number;
  /** Offset after the last byte. */
  end: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** The tensors by name, in the order of their bytes. */
  tensors: Map<string, SafetensorsEntry>;
  /** Free text by key. */
  metadata: Record<string, string>;
}

/** The most bytes that a header may have; the format's own limit. */
export const MAX_SAFETENSORS_HEADER_BYTES = 100_000_000;

const METADATA = "__metadata__";

const Entry = z.strictObject({
  dtype: z.string(),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});

const Metadata = z.record(z.string(), z.string());

/**
 * Reads and checks a header: every tensor's bytes fit its shape and type, and together they fill the file without a gap
 * or overlap, so that no byte can be read twice or be hidden.
 *
 * @param header The JSON text's bytes, without the eight bytes of its length.
 * @param dataLength Bytes in the file after the header.
 * @param name What the messages call the file.
 * @throws {Error} If anything in it is malformed, or a tensor is of a type that is not read here (F8_E4M3 ...).
 */
export function parseSafetensorsHeader(header: Uint8Array, dataLength: number, name: string): SafetensorsHeader {
  const refuse = (what: string): never => {
    throw new Error(`Cannot read ${name}: ${what}; the file is damaged or is no safetensors file`);
  };
  const fields = parseJson(header, refuse);
  let metadata: Record<string, string> = {};
  const entries: [string, SafetensorsEntry][] = [];
  for (const [key, value] of Object.entries(fields)) {
    if (key === METADATA) {
      metadata = Metadata.safeParse(value).data ?? refuse("its metadata are not texts by name");
      continue;
    }
    const parsed = Entry.safeParse(value);
    if (!parsed.success) return refuse(`tensor "${key}" is described by ${JSON.stringify(value)?.slice(0, 200)}`);
    const { dtype, shape, data_offsets: [begin, end] } = parsed.data;
    if (!isReadHere(dtype)) {
      const expected = Object.keys(SAFETENSORS_ITEM_SIZES).join(", ");
      throw new Error(`Cannot read ${name}: tensor "${key}" is of type ${dtype}; expected one of ${expected}`);
    }
    const bytes = SAFETENSORS_ITEM_SIZES[dtype] * shape.reduce((product, length) => product * length, 1);
    if (bytes !== end - begin) {
      refuse(`tensor "${key}" has ${end - begin} bytes, and ${dtype} of shape [${shape.join(", ")}] needs ${bytes}`);
    }
    const dataStart = 8 + header.length;
    entries.push([key, { dtype, shape, start: dataStart + begin, end: dataStart + end }]);
  }
  // Empty tensors share their start with the next one, so that the end decides between equal starts.
  entries.sort(([, a], [, b]) => a.start - b.start || a.end - b.end);
  let position = 8 + header.length;
  for (const [key, { start, end }] of entries) {
    if (start < position) refuse(`tensor "${key}" overlaps another`);
    if (start > position) refuse(`there are ${start - position} bytes of no tensor before tensor "${key}"`);
    position = end;
  }
  const missing = position - (8 + header.length + dataLength);
  if (missing > 0) refuse(`its tensors need ${missing} bytes more than it has, it was cut off`);
  if (missing < 0) refuse(`there are ${-missing} bytes of no tensor at its end`);
  return { tensors: new Map(entries), metadata };
}

function isReadHere(dtype: string): dtype is SafetensorsDtype {
  return Object.hasOwn(SAFETENSORS_ITEM_SIZES, dtype);
}

function parseJson(header: Uint8Array, refuse: (what: string) => never): Record<string, unknown> {
  if (header[0] !== 0x7b) refuse(`its header does not begin with a brace`);
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(header);
    value = JSON.parse(text);
  } catch (error) {
    return refuse(`its header is not JSON (${error instanceof Error ? error.message : error})`);
  }
  const twice = keyGivenTwice(text);
  if (twice !== undefined) refuse(`its header has the name ${JSON.stringify(twice)} twice`);
  return value as Record<string, unknown>;
}

/** The first key that an object in a valid JSON text has twice; `JSON.parse` silently keeps the last. */
function keyGivenTwice(text: string): string | undefined {
  const keysOfOpenObjects: Set<string>[] = [];
  const colon = /\s*:/y;
  let open = -1; // where the string that is open begins
  // Mark by mark: a pattern for a whole string would go back over it on the stack, which one of many megabytes
  // overflows.
  for (const { 0: mark, index } of text.matchAll(/\\.|["{}]/g)) {
    if (mark === '"' && open < 0) open = index;
    else if (mark === '"') {
      const end = index + 1;
      const string = text.slice(open, end);
      open = -1;
      colon.lastIndex = end;
      if (!colon.test(text)) continue;
      const key: string = JSON.parse(string);
      const keys = keysOfOpenObjects.at(-1)!;
      if (keys.has(key)) return key;
      keys.add(key);
    } else if (open < 0 && mark === "{") keysOfOpenObjects.push(new Set());
    else if (open < 0 && mark === "}") keysOfOpenObjects.pop();
  }
  return undefined;
}

/**
 * The bytes before the data: the header's length and the header, padded with spaces so that the data begin at a
 * multiple of eight. Equal arguments give equal bytes: metadata are in the order of their keys.
 *
 * @param tensors The tensors in the order of their bytes.
 */
export function formatSafetensorsHeader(
  tensors: { name: string; dtype: SafetensorsDtype; shape: readonly number[] }[],
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  // Joined by hand, because an object would move names that look like numbers to the front.
  const fields: string[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    fields.push(
      `"${METADATA}":{${keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`).join(",")}}`,
    );
  }
  const names = new Set([METADATA]);
  let position = 0;
  for (const { name, dtype, shape } of tensors) {
    if (names.has(name)) {
      throw new RangeError(`Cannot write safetensors: the name "${name}" is taken; names are unique`);
    }
    names.add(name);
    const end = position + SAFETENSORS_ITEM_SIZES[dtype] * shape.reduce((product, length) => product * length, 1);
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [position, end] })}`);
    position = end;
  }
  const json = new TextEncoder().encode(`{${fields.join(",")}}`);
  const length = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(8 + length).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(length), true);
  header.set(json, 8);
  return header;
}
