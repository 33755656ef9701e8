/**
 * Claims a folder among all processes and Workers that use this function: the first has it alone until it disposes of
 * the claim or ends, however it ends.
 *
 * @param folder Made if it does not exist.
 * @returns The claim, or undefined if somebody else has it.
 * @example
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * const folder = Deno.makeTempDirSync();
 * {
 *   using claim = claimFolder(folder);
 *   assert(claim);
 *   assertEquals(claimFolder(folder), undefined);
 * }
 * using again = claimFolder(folder);
 * assert(again);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function claimFolder(folder: string): Disposable | undefined {
  Deno.mkdirSync(folder, { recursive: true });
  const file = Deno.openSync(`${folder}/.claim`, { create: true, write: true });
  if (file.tryLockSync(true)) return file;
  file.close();
  return undefined;
}
