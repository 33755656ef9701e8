/** Columns of the terminal that a stream is, or undefined where it is none: a pipe, a file. */
export function terminalColumns(stream: { isTerminal(): boolean }): number | undefined {
  if (!stream.isTerminal()) return undefined;
  try {
    const { columns } = Deno.consoleSize();
    return columns > 0 ? columns : undefined;
  } catch {
    return undefined; // of a terminal on a serial line nobody knows, and some others say 0
  }
}
