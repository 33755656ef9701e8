import { writeError } from "./disk_full_error.ts";
import { makeTemporary } from "./temporary_neighbour.ts";

/** Writes the content of a file through its open handle; a test passes one that fails, as a full disk does. */
export type FileWriter = (file: Deno.FsFile) => void | Promise<void>;

/**
 * A file that appears under its name only when it is whole: bytes go to a temporary neighbour, which `commit()` syncs
 * to disk and renames over `path`. Disposing of it without `commit()` removes the neighbour and leaves `path` alone;
 * one that a killed process left is removed by the next that writes the same file.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * {
 *   using output = new AtomicFile(`${folder}/ids.bin`);
 *   output.write(new Uint8Array([1, 2]));
 *   output.write(new Uint8Array([3]));
 *   output.commit();
 * }
 * assertEquals(Deno.readFileSync(`${folder}/ids.bin`), new Uint8Array([1, 2, 3]));
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export class AtomicFile implements Disposable {
  /** Where the file will be after `commit()`. */
  readonly path: string;
  /** The open temporary neighbour, for seeking and reading back. */
  readonly file: Deno.FsFile;
  #temporary: string;
  #open = true;

  /**
   * Opens the temporary neighbour for reading and writing.
   *
   * @throws {Deno.errors.NotFound} If the folder of `path` does not exist.
   * @throws {Deno.errors.IsADirectory} If `path` is a folder, which no file can replace.
   */
  constructor(path: string) {
    if (path.endsWith("/") || isFolder(path)) {
      throw new Deno.errors.IsADirectory(`Cannot write ${path}: it is a folder; give the name of a file`);
    }
    this.path = path;
    const open = (name: string) => Deno.openSync(name, { read: true, write: true, createNew: true });
    ({ path: this.#temporary, file: this.file } = makeTemporary(path, open));
  }

  /**
   * Writes all of `bytes` where the file stands (one system call may take only a part).
   *
   * @throws {DiskFullError} If there is no room.
   * @throws {Error} If the file was committed or discarded.
   */
  write(bytes: Uint8Array): void {
    this.assertOpen();
    try {
      for (let written = 0; written < bytes.length;) written += this.file.writeSync(bytes.subarray(written));
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /**
   * Syncs the content to disk, closes it, and puts it in the place of `path`.
   *
   * @throws {DiskFullError} If there is no room, which some file systems find out only now.
   * @throws {Error} If the file was committed or discarded.
   */
  commit(): void {
    this.assertOpen();
    try {
      this.file.syncSync();
    } catch (error) {
      throw writeError(this.path, error);
    }
    try {
      // While it is open, and so locked: nobody takes it for abandoned.
      Deno.renameSync(this.#temporary, this.path);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
    this.file.close();
    this.#open = false;
  }

  /**
   * Checks that the file can still be written.
   *
   * @throws {Error} If it was committed or discarded.
   */
  assertOpen(): void {
    if (!this.#open) throw new Error(`Cannot write ${this.path}: it was closed or discarded before; open it anew`);
  }

  /** Discards what was written unless `commit()` has run. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.file.close();
    this.#remove();
  }

  #remove(): void {
    try {
      Deno.removeSync(this.#temporary);
    } catch {
      // Whatever made the write fail (a folder that is gone, a disk that is read-only) is the error worth reporting.
    }
  }
}

// Who may write a file need not be allowed to look at it; renaming then says what is wrong.
function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

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
  using output = new AtomicFile(path);
  if (typeof content === "function") await content(output.file);
  else output.write(typeof content === "string" ? new TextEncoder().encode(content) : content);
  output.commit();
}

/**
 * Writes text files that belong together. All are written to their temporary neighbours before the first is put in its
 * place, so that a disk that has no room for all of them leaves what was there before.
 *
 * @param files Path and text of each.
 * @throws {DiskFullError} If there is no room.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * atomicWriteAll([[`${folder}/vocab.json`, "{}"], [`${folder}/merges.txt`, "h e\n"]]);
 * assertEquals(Deno.readTextFileSync(`${folder}/merges.txt`), "h e\n");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function atomicWriteAll(files: readonly (readonly [path: string, text: string])[]): void {
  using open = new DisposableStack();
  const outputs = files.map(([path, text]) => {
    const output = open.use(new AtomicFile(path));
    output.write(new TextEncoder().encode(text));
    return output;
  });
  for (const output of outputs) output.commit();
}
