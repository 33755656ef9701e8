import { basename, dirname } from "node:path";

/*
 * What is written under a temporary name beside its place (PATH.PID.HEX.tmp) is locked as long as its process works on
 * it. A lock ends with its process however that ends, so what is not locked was left by one that was killed.
 */
const TEMPORARY = /\.\d+(\.[0-9a-f]+)?\.tmp$/;

/** A name without what makes it a temporary one. */
export function withoutTemporaryEnd(path: string): string {
  return path.replace(TEMPORARY, "");
}

/**
 * Makes a file or folder under a temporary name beside `path` and locks it, after removing those that killed processes
 * left there.
 *
 * @param make Makes what has the name it is given, and opens it; it fails where there is something of that name.
 */
export function makeTemporary<File extends Deno.FsFile | undefined>(
  path: string,
  make: (path: string) => File,
): { path: string; file: File } {
  removeAbandoned(dirname(path), (name) => withoutTemporaryEnd(name) === basename(path));
  for (;;) {
    const temporary = `${path}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
    const file = make(temporary);
    // Between the two, somebody who cleans up may have found it without a lock: then it is gone, or soon.
    if (file === undefined || lock(file) !== false && isThere(temporary)) return { path: temporary, file };
    file.close();
  }
}

/**
 * Removes what processes that were killed left under temporary names. It is a courtesy: what cannot be looked at or
 * removed stays.
 *
 * @param folder Where to look.
 * @param isMeant Which names to remove, of those that are temporary.
 */
export function removeAbandoned(folder: string, isMeant: (name: string) => boolean = () => true): void {
  // Asked first, since without the permission a program at a terminal would stop and prompt for it.
  if (Deno.permissions.querySync({ name: "read", path: folder }).state !== "granted") return;
  try {
    for (const { name, isFile, isDirectory } of Array.from(Deno.readDirSync(folder))) {
      if ((isFile || isDirectory) && TEMPORARY.test(name) && isMeant(name)) removeUnlessLocked(`${folder}/${name}`);
    }
  } catch {
    // The folder cannot be read: who writes there finds out what is wrong with it.
  }
}

function removeUnlessLocked(path: string): void {
  try {
    using file = Deno.openSync(path);
    if (lock(file)) Deno.removeSync(path, { recursive: true });
  } catch {
    // Another process was faster, or has it under its final name by now.
  }
}

/** Whether this process has the lock now; undefined where the file system has none. */
function lock(file: Deno.FsFile): boolean | undefined {
  try {
    return file.tryLockSync(true);
  } catch {
    return undefined;
  }
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
