import { dirname } from "@std/path/dirname";
import { makeTemporary } from "./temporary_neighbour.ts";

/**
 * Makes a folder that appears under its name only when all its files are in it: they are written into a temporary
 * neighbour, which is renamed at the end. On any failure the neighbour is removed; one that a killed process left is
 * removed by the next that makes the same folder.
 *
 * @param path Where the folder shall be; folders above it are made. An empty folder there is replaced.
 * @param fill Writes the files into the folder that it is given.
 * @throws {Error} If there is a file or a folder that is not empty; nothing is changed then.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const parent = Deno.makeTempDirSync();
 * await atomicFolder(`${parent}/model`, (folder) => Deno.writeTextFile(`${folder}/config.json`, "{}"));
 * assertEquals(Deno.readTextFileSync(`${parent}/model/config.json`), "{}");
 * Deno.removeSync(parent, { recursive: true });
 * ```
 */
export async function atomicFolder(path: string, fill: (folder: string) => void | Promise<void>): Promise<void> {
  const target = path.replace(/(?<=.)\/+$/, "");
  checkFree(target);
  Deno.mkdirSync(dirname(target), { recursive: true });
  const { path: temporary, file } = makeTemporary(target, (name) => {
    Deno.mkdirSync(name);
    return openFolder(name);
  });
  using _held = file;
  try {
    await fill(temporary);
    Deno.renameSync(temporary, target);
  } catch (error) {
    Deno.removeSync(temporary, { recursive: true });
    throw error;
  }
}

// To lock it; where the system opens no folders, those that killed processes leave stay.
function openFolder(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path);
  } catch {
    return undefined;
  }
}

/**
 * Checks before long work that `atomicFolder()` will be able to put a folder there.
 *
 * @throws {Error} If there is a file or a folder that is not empty.
 */
export function checkFree(path: string): void {
  try {
    const what = Deno.statSync(path).isDirectory ? contentOf(path) : "a file";
    if (what === undefined) return;
    throw new Error(`Cannot write the folder ${path}: there is ${what} already; give another name, or remove it`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function contentOf(folder: string): string | undefined {
  const [first] = Deno.readDirSync(folder);
  return first && `one with ${first.name}`;
}
