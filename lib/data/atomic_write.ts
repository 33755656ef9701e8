/** Anything that {@linkcode Deno.FsFile} offers to a writer and that a test can replace to simulate a full disk. */
export type FileWriter = (file: Deno.FsFile) => void | Promise<void>;

/**
 * Writes a file so that a reader sees the whole new content or what was there before, never a part: the content goes to
 * a temporary neighbour, is synced to disk, and is renamed over `path`. On any failure the neighbour is removed.
 *
 * @param path Where the file shall be.
 * @param content Bytes, text (UTF-8), or a function that writes to the open temporary file.
 * @throws {Deno.errors.NotFound} If the folder of `path` does not exist.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * await atomicWrite(`${folder}/merges.txt`, "h e\n");
 * assertEquals(Deno.readTextFileSync(`${folder}/merges.txt`), "h e\n");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export async function atomicWrite(path: string, content: Uint8Array | string | FileWriter): Promise<void> {
  const temporary = `${path}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    {
      using file = await Deno.open(temporary, { write: true, createNew: true });
      if (typeof content === "function") await content(file);
      else await writeAll(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
      await file.sync();
    }
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}
