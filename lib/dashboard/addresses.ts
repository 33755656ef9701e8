/** Address of a run's page. */
export function runAddress(name: string): string {
  return `/runs/${name.split("/").map(encodeURIComponent).join("/")}`;
}

/** A path with a query; a name may be given several times. */
export function withQuery(path: string, query: readonly (readonly [string, string])[]): string {
  const search = new URLSearchParams(query.map(([name, value]) => [name, value]));
  return search.size === 0 ? path : `${path}?${search}`;
}

/** The parts of a query that name runs. */
export function runsQuery(names: readonly string[]): [string, string][] {
  return names.map((name) => ["run", name]);
}
