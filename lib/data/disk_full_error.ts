/** There is no room for a file; scripts that can say how to go on catch it. */
export class DiskFullError extends Error {
  override name = "DiskFullError";

  /** Says which file did not fit. */
  constructor(path: string, cause: Error) {
    super(
      `Cannot write ${path}: no space is left on the disk; free some and try again. What was there before is unchanged.`,
      { cause },
    );
  }
}

// The disk itself is full, or the user's share of it.
const FULL = ["ENOSPC", "EDQUOT"];

/**
 * The error to throw where writing failed: one that names the file if the disk is full (the system's own does not), and
 * else the one that came.
 *
 * @param path The file that was to be written.
 */
export function writeError(path: string, error: unknown): unknown {
  const isFull = error instanceof Error && FULL.includes((error as Error & { code?: string }).code ?? "");
  return isFull ? new DiskFullError(path, error) : error;
}
