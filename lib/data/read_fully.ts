/**
 * Reads from where a file stands until `target` is full or the file ends; one system call may bring only a part.
 *
 * @returns The number of bytes read, less than the target's only at the end of the file.
 */
export function readFully(file: Deno.FsFile, target: Uint8Array): number {
  let filled = 0;
  while (filled < target.length) {
    const count = file.readSync(target.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return filled;
}
