import { statfs } from "node:fs/promises";

/**
 * Bytes that may still be written to the file system of a folder, or undefined where Deno may not ask
 * (it needs `--allow-sys=statfs` and read permission for the folder).
 *
 * @example
 * ```ts
 * const free = await freeBytes(".");
 * if (free !== undefined && free < 1e9) throw new Error("Cannot go on: there is too little space");
 * ```
 */
export async function freeBytes(folder: string): Promise<number | undefined> {
  // Asked first, since without the permission statfs would prompt at a terminal for a check that is a courtesy.
  const descriptors = [{ name: "sys", kind: "statfs" } as Deno.SysPermissionDescriptor, { name: "read", path: folder }];
  for (const descriptor of descriptors as Deno.PermissionDescriptor[]) {
    if ((await Deno.permissions.query(descriptor)).state !== "granted") return undefined;
  }
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}
