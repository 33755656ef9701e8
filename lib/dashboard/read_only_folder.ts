import { readFully } from "../data/read_fully.ts";

/** A folder below another one, and what lies in it. */
export interface FolderEntry {
  /** Path from the top, without "./"; empty for the top itself. */
  name: string;
  /** Names of the plain files in it. */
  files: ReadonlySet<string>;
}

// Runs lie one or two folders deep and their parts one more; deeper than this nothing is looked for.
const DEEPEST = 5;

/**
 * A folder whose files may be looked at and nothing else: no path leads out of it, neither by "..", nor absolute, nor
 * through a symbolic link, and nothing is ever written. One that does not exist is empty.
 *
 * @example
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * const path = Deno.makeTempDirSync();
 * Deno.writeTextFileSync(`${path}/note.txt`, "hello");
 * const folder = new ReadOnlyFolder(path);
 * assertEquals(folder.readText("note.txt", 100), "hello");
 * assertThrows(() => folder.readText("../../etc/passwd", 100), Deno.errors.NotFound);
 * Deno.removeSync(path, { recursive: true });
 * ```
 */
export class ReadOnlyFolder {
  /** The folder as it was named. */
  readonly path: string;

  /** @param path The folder; it need not exist yet. */
  constructor(path: string) {
    this.path = path;
  }

  /** The folder and all folders below it, in order of their names; hidden ones and symbolic links are passed over. */
  *folders(name = "", depth = 0): Generator<FolderEntry> {
    const files = new Set<string>();
    const below: string[] = [];
    for (const entry of this.#entries(name)) {
      if (entry.isFile) files.add(entry.name);
      else if (entry.isDirectory && !entry.name.startsWith(".")) below.push(entry.name);
    }
    yield { name, files };
    if (depth === DEEPEST) return;
    for (const child of below.sort()) yield* this.folders(name === "" ? child : `${name}/${child}`, depth + 1);
  }

  /** What is known of a file or folder without opening it; undefined where there is none. */
  stat(name: string): Deno.FileInfo | undefined {
    return this.#ifPresent(name, Deno.statSync);
  }

  /**
   * Opens a file to read it; undefined where there is none. Only plain files: opening a pipe would wait for a writer.
   */
  open(name: string): Deno.FsFile | undefined {
    return this.#ifPresent(name, (path) => Deno.statSync(path).isFile ? Deno.openSync(path) : undefined);
  }

  /**
   * The text of a file, at most so many bytes of it.
   *
   * @throws {Deno.errors.NotFound} If the folder holds no such file.
   */
  readText(name: string, mostBytes: number): string {
    using file = this.open(name);
    if (file === undefined) throw new Deno.errors.NotFound(`Cannot read ${name}: ${this.path} holds no such file`);
    const bytes = new Uint8Array(Math.min(mostBytes, file.statSync().size));
    return new TextDecoder().decode(bytes.subarray(0, readFully(file, bytes)));
  }

  /** The real path of a file or folder inside; undefined where there is none, or where the name leads outside. */
  locate(name: string): string | undefined {
    return this.#ifPresent(name, (path) => path);
  }

  #ifPresent<T>(name: string, use: (path: string) => T): T | undefined {
    return unlessAbsent(() => {
      const top = Deno.realPathSync(this.path);
      const path = Deno.realPathSync(`${this.path}/${name}`);
      const separator = Deno.build.os === "windows" ? "\\" : "/";
      return path === top || path.startsWith(top + separator) ? use(path) : undefined;
    });
  }

  #entries(name: string): Deno.DirEntry[] {
    return this.#ifPresent(name, (path) => [...Deno.readDirSync(path)]) ?? [];
  }
}

// What was there a moment ago may be gone: runs are made, moved and removed while somebody looks. What the system does
// not let us read (the task's own permissions are another matter) is passed over as well.
function unlessAbsent<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    const { NotFound, NotADirectory, PermissionDenied } = Deno.errors;
    const isAbsence = [NotFound, NotADirectory, PermissionDenied].some((kind) => error instanceof kind);
    if (isAbsence) return undefined;
    throw error;
  }
}
