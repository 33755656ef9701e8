/**
 * Opens a file for reading. A folder can be opened as well, and what the system says when it is read does not name it.
 *
 * @throws {Deno.errors.NotFound} If there is no such file.
 * @throws {Deno.errors.IsADirectory} If it is a folder; the message says which.
 * @example
 * ```ts
 * import { assertThrows } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * assertThrows(() => openFile(folder), Deno.errors.IsADirectory, folder);
 * Deno.removeSync(folder);
 * ```
 */
export function openFile(path: string): Deno.FsFile {
  const file = Deno.openSync(path);
  if (!file.statSync().isDirectory) return file;
  file.close();
  throw new Deno.errors.IsADirectory(`Cannot read ${path}: it is a folder; give a file`);
}
