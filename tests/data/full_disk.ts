/**
 * Makes every file behave as on a disk that fills up: what fits is written, then system calls fail.
 *
 * @param room Bytes that still fit.
 */
export function fullDisk(room: number): Disposable {
  const { writeSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.writeSync = function (bytes) {
    if (room === 0) throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
    const written = writeSync.call(this, bytes.subarray(0, room));
    room -= written;
    return written;
  };
  return { [Symbol.dispose]: () => Deno.FsFile.prototype.writeSync = writeSync };
}
