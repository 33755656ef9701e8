import { openFile } from "../../lib/data/open_file.ts";
import { checkBeginning } from "./check_beginning.ts";
import { noTextError } from "./check_texts.ts";

/** Whether a word on the command line means the standard input. */
export function isStandardInput(path: string): boolean {
  return path === "-" || path === "/dev/stdin";
}

/**
 * The text that comes through the standard input, a named pipe or a shell's `<(command)`, in pieces; undefined where
 * the path is that of a file.
 *
 * @param signal Ends the pieces with its reason.
 * @throws {Error} If there is none, or it is packed or in UTF-16: while the pieces are read, since nothing tells
 *   before.
 */
export function pipedText(path: string, signal: AbortSignal): AsyncIterable<Uint8Array> | undefined {
  if (isStandardInput(path)) return checked(stoppable(Deno.stdin.readable, signal), "the standard input");
  return Deno.statSync(path).isFile ? undefined : checked(stoppable(openFile(path).readable, signal), path);
}

// Also while it waits for text that does not come, as from a terminal.
function stoppable(text: ReadableStream<Uint8Array<ArrayBuffer>>, signal: AbortSignal): AsyncIterable<Uint8Array> {
  return text.pipeThrough(new TransformStream(), { signal });
}

async function* checked(pieces: AsyncIterable<Uint8Array>, about: string): AsyncGenerator<Uint8Array> {
  let isFirst = true;
  for await (const piece of pieces) {
    if (isFirst) checkBeginning(piece, about);
    isFirst = false;
    yield piece;
  }
  if (isFirst) throw noTextError(about);
}
