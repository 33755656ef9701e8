import { dirname } from "@std/path/dirname";

/**
 * Makes a folder before long work, so that one that may not be written is found out first. Disposed of, it removes
 * those of the folders it has made that are still empty, so that a task that fails leaves nothing.
 *
 * @param path The folder; those above it are made as well.
 */
export function outputFolder(path: string): Disposable {
  const made = makeFolders(path);
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

// Without looking at the folders above, which a task need not be allowed to read.
function makeFolders(path: string): string[] {
  try {
    Deno.mkdirSync(path);
    return [path];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound && dirname(path) !== path) {
      const above = makeFolders(dirname(path));
      return [...makeFolders(path), ...above];
    }
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    Deno.mkdirSync(path, { recursive: true }); // fails where what exists is a file
    return [];
  }
}

// Of a folder that was there before, only trying tells.
function checkWritable(folder: string): void {
  try {
    Deno.removeSync(Deno.makeTempFileSync({ dir: folder, prefix: ".denolm-" }));
  } catch (error) {
    // Deno does not say where it failed to make the file.
    const isReadOnly = (error as { code?: string }).code === "EROFS";
    if (!isReadOnly && !(error instanceof Deno.errors.PermissionDenied)) throw error;
    const why = isReadOnly
      ? "its file system is read-only; give another folder"
      : "the system does not allow it; look at who owns it and its mode (ls -ld), or give another folder";
    throw new Error(`Cannot write into ${folder}: ${why}`, { cause: error });
  }
}
