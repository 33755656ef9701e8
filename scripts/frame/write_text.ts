/** Whoever read the standard output has gone, as `head` does when it has seen enough. */
export class NoReaderError extends Error {
  override name = "NoReaderError";
}

/** A stream to write to: the standard output, or a test's. */
export interface TextSink {
  /** Writes a part of the bytes, and says how many. */
  writeSync(bytes: Uint8Array): number;
}

const BUSY_MILLISECONDS = 10;

/**
 * Writes all of a text, of which a pipe takes a part at a time. What is said to a terminal that was closed is lost,
 * and that is all: whoever closed it and let the task go on will look at what it leaves.
 *
 * @throws {NoReaderError} If it is a pipe that nobody reads any more.
 * @throws {Error} If it cannot be written, as on a full disk.
 */
export function writeText(sink: TextSink, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let written = 0; written < bytes.length;) {
    try {
      written += sink.writeSync(bytes.subarray(written));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) {
        throw new NoReaderError("Stopped: nobody reads the output any more.");
      }
      const { code, message } = error as Error & { code?: string };
      if (code === "EIO") return;
      if (!(error instanceof Deno.errors.WouldBlock)) {
        throw new Error(`Cannot write to the standard output: ${message}`, { cause: error });
      }
      // A pipe that another program has told not to wait; we do.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_MILLISECONDS);
    }
  }
}

/** Says something on the standard error output, if that is still there: there is nobody to tell that it is not. */
export function writeToStderr(text: string): void {
  try {
    writeText(Deno.stderr, text);
  } catch {
    // Neither a pipe without a reader nor a full disk is a reason for the task to fail, or to end otherwise.
  }
}
