import { crc32c } from "../../lib/training/tfrecord.ts";

/** An event of a TensorBoard file, as far as these tests know it. */
export interface Event {
  wallTime: number;
  step?: number;
  fileVersion?: string;
  scalars?: Map<string, number>;
  sessionStatus?: number;
}

/**
 * Reads a TensorBoard file the other way round: by the published layouts of TFRecord, protocol buffers, event.proto and
 * summary.proto.
 *
 * @throws {Error} If a checksum is wrong.
 */
export function readEvents(file: Uint8Array): Event[] {
  const events: Event[] = [];
  for (let at = 0; at < file.length;) {
    const view = new DataView(file.buffer, at);
    const length = Number(view.getBigUint64(0, true));
    check(file.subarray(at, at + 8), view.getUint32(8, true));
    const data = file.subarray(at + 12, at + 12 + length);
    check(data, view.getUint32(12 + length, true));
    events.push(readEvent(data));
    at += 16 + length;
  }
  return events;
}

function check(bytes: Uint8Array, stored: number): void {
  // Unmasked as the format's description has it: subtract the constant, rotate to the left by 15.
  const rotated = (stored - 0xa282ead8) >>> 0;
  const crc = (rotated >>> 17 | rotated << 15) >>> 0;
  if (crc !== crc32c(bytes)) throw new Error("a checksum is wrong");
}

function readEvent(data: Uint8Array): Event {
  const event: Event = { wallTime: NaN };
  for (const { field, value } of fields(data)) {
    if (field === 1) event.wallTime = view(value).getFloat64(0, true);
    else if (field === 2) event.step = Number(value);
    else if (field === 3) event.fileVersion = text(value);
    else if (field === 5) event.scalars = new Map(Array.from(fields(value as Uint8Array), (one) => scalar(one.value)));
    else if (field === 7) {
      for (const inner of fields(value as Uint8Array)) event.sessionStatus = Number(inner.value);
    } else throw new Error(`an event has field ${field}`);
  }
  return event;
}

function scalar(value: bigint | Uint8Array): [tag: string, value: number] {
  const parts = new Map(Array.from(fields(value as Uint8Array), (one) => [one.field, one.value]));
  return [text(parts.get(1)!), view(parts.get(2)!).getFloat32(0, true)];
}

function* fields(data: Uint8Array): Generator<{ field: number; value: bigint | Uint8Array }> {
  let at = 0;
  const varint = () => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = data[at++];
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = Number(varint());
    const kind = key & 7;
    if (kind === 0) yield { field: key >> 3, value: varint() };
    else {
      const length = kind === 1 ? 8 : kind === 5 ? 4 : Number(varint());
      yield { field: key >> 3, value: data.subarray(at, at += length) };
    }
  }
}

function view(bytes: bigint | Uint8Array): DataView {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array;
  return new DataView(buffer, byteOffset, byteLength);
}

function text(bytes: bigint | Uint8Array): string {
  return new TextDecoder().decode(bytes as Uint8Array);
}
