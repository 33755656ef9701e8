import { createHash, type Hash } from "node:crypto";
import { z } from "zod";
import { atomicWrite } from "./atomic_write.ts";

const Version = z.object({
  /** Where it comes from. */
  address: z.string(),
  /** What the server calls this version. */
  validator: z.string().optional(),
  /** Size of the whole file, in bytes. */
  length: z.int().nonnegative().optional(),
  /** SHA-256 of the whole file, in hexadecimal. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/).optional(),
});

/** Which version of which file a part belongs to. */
export interface FileVersion {
  /** Where it comes from. */
  address: string;
  /** What the server calls this version. */
  validator?: string;
  /** Size of the whole file, in bytes. */
  length?: number;
  /** SHA-256 of the whole file, in hexadecimal. */
  sha256?: string;
}

/**
 * The beginning of a file that is being downloaded: `path.part`, beside it `path.part.json` with the version that it is
 * of, and the running hash of its bytes. It outlives the process, so that a later one goes on where this one stopped.
 */
export class PartialFile implements Disposable {
  /** Where the finished file will be. */
  readonly path: string;
  #file: Deno.FsFile;
  #hash: Hash = createHash("sha256");
  #bytes = 0;
  #version?: FileVersion;
  #isDone = false;

  private constructor(path: string, file: Deno.FsFile) {
    this.path = path;
    this.#file = file;
  }

  /**
   * Opens the part of `path`, empty where there is none yet or where its version is not on record.
   *
   * @param onBytes Hears how many bytes of what is there have been read, since all of them go through the hash.
   * @throws {Error} If another process has it open.
   */
  static async open(path: string, onBytes: (bytes: number, total: number) => void): Promise<PartialFile> {
    const file = await Deno.open(`${path}.part`, { read: true, write: true, create: true });
    try {
      // Between opening and locking, the one who had it may have put it in place: then it is no part any more.
      if (!await file.tryLock(true) || !await isAt(`${path}.part`, file)) {
        throw new Error(`Cannot download to ${path}: another process is downloading it; try again when that has ended`);
      }
      const part = new PartialFile(path, file);
      part.#version = await readVersion(path);
      if (part.#version === undefined) await part.#truncate();
      else await part.#readWhatIsThere(onBytes);
      return part;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Bytes that are there. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The version that the bytes are of; undefined where there are none. */
  get version(): FileVersion | undefined {
    return this.#version;
  }

  /** Whether all bytes are there, as far as the length is known. */
  get isWhole(): boolean {
    return this.#version?.length === this.#bytes;
  }

  /** Throws away the bytes and begins with another version. */
  async begin(version: FileVersion): Promise<void> {
    await this.#truncate();
    await atomicWrite(`${this.path}.part.json`, JSON.stringify(version, null, 2) + "\n");
    this.#version = version;
  }

  /** Adds bytes at the end. */
  async append(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      const count = await this.#file.write(bytes.subarray(written));
      this.#hash.update(bytes.subarray(written, written + count));
      written += count;
      this.#bytes += count;
    }
  }

  /** SHA-256 of the bytes so far, in hexadecimal. */
  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Syncs the bytes to disk and puts them in place under `path`. */
  async commit(): Promise<void> {
    await this.#file.sync();
    await Deno.rename(`${this.path}.part`, this.path);
    this.#isDone = true;
    await removeIfThere(`${this.path}.part.json`);
  }

  /** Removes part and record. */
  async discard(): Promise<void> {
    await removeIfThere(`${this.path}.part.json`);
    await removeIfThere(`${this.path}.part`);
    this.#isDone = true;
  }

  /** Closes the file and keeps what is there, unless that is nothing. */
  [Symbol.dispose](): void {
    this.#file.close();
    if (this.#bytes > 0 || this.#isDone) return;
    for (const path of [`${this.path}.part.json`, `${this.path}.part`]) {
      try {
        Deno.removeSync(path);
      } catch {
        // It is an empty file or was never made: nothing is lost, and an error on its way must not be hidden.
      }
    }
  }

  async #readWhatIsThere(onBytes: (bytes: number, total: number) => void): Promise<void> {
    const { size } = await this.#file.stat();
    const chunk = new Uint8Array(1 << 20);
    for (let count = await this.#file.read(chunk); count !== null; count = await this.#file.read(chunk)) {
      this.#hash.update(chunk.subarray(0, count));
      this.#bytes += count;
      onBytes(this.#bytes, size);
    }
  }

  async #truncate(): Promise<void> {
    await this.#file.truncate(0);
    await this.#file.seek(0, Deno.SeekMode.Start);
    this.#hash = createHash("sha256");
    this.#bytes = 0;
    this.#version = undefined;
  }
}

/** Whether a path still leads to an open file. */
async function isAt(path: string, file: Deno.FsFile): Promise<boolean> {
  try {
    // One after the other: the failure of one would leave the other under way when the file is closed.
    const open = await file.stat();
    const there = await Deno.stat(path);
    return there.dev === open.dev && there.ino === open.ino;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

async function readVersion(path: string): Promise<FileVersion | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${path}.part.json`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return Version.parse(JSON.parse(text));
  } catch {
    return undefined; // Without a readable record the part may be of any version: it is not worth keeping.
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
