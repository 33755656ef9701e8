import { writeError } from "./disk_full_error.ts";

/**
 * A file that only grows, by pieces that are there whole or not at all: one system call a piece where the system
 * allows, so that a process killed at any moment cuts at most the piece that it was writing, and nothing of it where
 * the disk has no room.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * {
 *   using file = new AppendedFile(`${folder}/lines`);
 *   file.append(new TextEncoder().encode("one\n"));
 * }
 * assertEquals(Deno.readTextFileSync(`${folder}/lines`), "one\n");
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export class AppendedFile implements Disposable {
  /** Where the file is. */
  readonly path: string;
  #file: Deno.FsFile;

  /** Opens the file, and makes it if it is not there. */
  constructor(path: string) {
    this.path = path;
    this.#file = Deno.openSync(path, { create: true, append: true });
  }

  /**
   * Adds a piece at the end.
   *
   * @throws {DiskFullError} If there is no room.
   */
  append(piece: Uint8Array): void {
    let written = 0;
    try {
      while (written < piece.length) written += this.#file.writeSync(piece.subarray(written));
    } catch (error) {
      this.#file.truncateSync(this.#file.statSync().size - written);
      throw writeError(this.path, error);
    }
  }

  /**
   * Has all that was added on disk.
   *
   * @throws {DiskFullError} If there is no room, which some file systems find out only now.
   */
  sync(): void {
    try {
      this.#file.syncSync();
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}
