import { existsSync } from "node:fs";
import { dirname } from "@std/path/dirname";

/**
 * Makes a folder before long work, so that one that may not be written is found out first. Disposed of, it removes those of
 * the folders it has made that are still empty, so that a task that fails leaves nothing.
 *
 * @param path The folder; those above it are made as well.
 */
export function outputFolder(path: string): Disposable {
  const made: string[] = [];
  for (let folder = path; !existsSync(folder) && folder !== dirname(folder); folder = dirname(folder)) {
    made.push(folder);
  }
  Deno.mkdirSync(path, { recursive: true });
  checkWritable(path);
  return {
    [Symbol.dispose]() {
      try {
        for (const folder of made) Deno.removeSync(folder);
      } catch {
        // Something is in it: it stays, and so do those above.
      }
    },
  };
}

// Of a folder that was there before, only trying tells.
function checkWritable(folder: string): void {
  try {
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder, prefix: ".denolm-" }));
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    const advice = "look at who owns it and its mode (ls -ld), or give another folder";
    throw new Error(`Cannot write into ${folder}: the system does not allow it; ${advice}`, { cause: error });
  }
}
