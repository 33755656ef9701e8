/** A task's command line, to be typed again. */
export function taskCommand(task: string, args: readonly string[]): string {
  return ["deno", "task", task, ...args].map(quoteWord).join(" ");
}

/** A word as a shell takes it for one. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
