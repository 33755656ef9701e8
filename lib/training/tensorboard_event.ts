// Numbers of fields in TensorFlow's event.proto and summary.proto.
const EVENT = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 };
const SUMMARY = { value: 1 };
const VALUE = { tag: 1, simpleValue: 2 };
const SESSION_LOG = { status: 1 };
const SESSION_STARTS = 1;

/**
 * The event that a file begins with.
 *
 * @param wallTime Seconds since 1970, as in all events.
 */
export function versionEvent(wallTime: number): Uint8Array {
  return message(double(EVENT.wallTime, wallTime), text(EVENT.fileVersion, "brain.Event:2"));
}

/**
 * The event that lets a reader forget what it has seen of steps from this one on, as from the file of a stopped
 * process.
 */
export function restartEvent(wallTime: number, step: number): Uint8Array {
  const log = message(integer(SESSION_LOG.status, SESSION_STARTS));
  return message(double(EVENT.wallTime, wallTime), integer(EVENT.step, step), bytes(EVENT.sessionLog, log));
}

/**
 * Measurements at a step.
 *
 * @param values By tag, such as "train/loss"; they need not be finite.
 */
export function scalarsEvent(wallTime: number, step: number, values: Readonly<Record<string, number>>): Uint8Array {
  const scalars = Object.entries(values).map(([tag, value]) =>
    bytes(SUMMARY.value, message(text(VALUE.tag, tag), float(VALUE.simpleValue, value)))
  );
  return message(
    double(EVENT.wallTime, wallTime),
    integer(EVENT.step, step),
    bytes(EVENT.summary, message(...scalars)),
  );
}

// Protocol buffers: a message is its fields one after the other, a field its number and kind in one integer, and its
// value.
const KIND = { integer: 0, eightBytes: 1, bytes: 2, fourBytes: 5 };

function message(...fields: readonly (readonly number[])[]): Uint8Array {
  return Uint8Array.from(fields.flat());
}

function integer(field: number, value: number): number[] {
  return [...key(field, KIND.integer), ...varint(value)];
}

function double(field: number, value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value, true);
  return [...key(field, KIND.eightBytes), ...new Uint8Array(view.buffer)];
}

function float(field: number, value: number): number[] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value, true);
  return [...key(field, KIND.fourBytes), ...new Uint8Array(view.buffer)];
}

function text(field: number, value: string): number[] {
  return bytes(field, new TextEncoder().encode(value));
}

function bytes(field: number, value: Uint8Array): number[] {
  return [...key(field, KIND.bytes), ...varint(value.length), ...value];
}

function key(field: number, kind: number): number[] {
  return varint(field << 3 | kind);
}

/** Seven bits a byte, the lowest first; by division, since a step may have more bits than shifts know. */
function varint(value: number): number[] {
  const low: number[] = [];
  for (; value >= 128; value = Math.floor(value / 128)) low.push(value % 128 | 128);
  return [...low, value];
}
