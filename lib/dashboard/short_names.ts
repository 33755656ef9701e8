// A label at a line's end takes room from the chart.
const LONGEST = 32;

/**
 * Names of runs as charts show them: without their folders, the hash at their end and the words that all begin with,
 * and cut where they are still long; as far as they stay different from one another. A number belongs to the word
 * before it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(shortNames(["base", "experiments/rope-1a2b3c4d"]), ["base", "rope"]);
 * assertEquals(shortNames(["one/rope", "two/rope"]), ["one/rope", "two/rope"]);
 * assertEquals(shortNames(["smoke-stories-seed-0", "smoke-stories-norm-post-seed-0"]), ["seed-0", "norm-post-seed-0"]);
 * ```
 */
export function shortNames(names: readonly string[]): readonly string[] {
  const last = names.map((name) => name.slice(name.lastIndexOf("/") + 1));
  const withoutHash = last.map((name) => name.replace(/-[0-9a-f]{8,}$/, ""));
  const candidates = [withoutHash, last].map(withoutCommonBeginning).flatMap((short) => [short.map(cut), short]);
  return candidates.find((short) => new Set(short).size === names.length) ?? names;
}

/** Names without the words, between dashes, that all of them begin with; each keeps its last word. */
function withoutCommonBeginning(names: readonly string[]): string[] {
  const words = names.map((name) => name.split(/-(?!\d)/));
  if (names.length < 2) return [...names];
  const shortest = Math.min(...words.map(({ length }) => length));
  let common = 0;
  while (common < shortest - 1 && words.every((own) => own[common] === words[0][common])) common++;
  return words.map((own) => own.slice(common).join("-"));
}

function cut(name: string): string {
  return name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name;
}
