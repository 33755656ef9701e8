/** A part of a token as it is shown: text as it is, a mark for what would not be seen, bytes that are no character. */
export interface TokenPart {
  kind: "text" | "mark" | "bytes";
  text: string;
}

const MARKS = new Map([[" ", "·"], ["\n", "⏎"], ["\t", "→"], ["\r", "␍"]]);

/**
 * A token's bytes as parts that can be seen. Spaces and line breaks become marks; characters without a form of their
 * own are named by code point; bytes that form no whole character, as where a character spans two tokens, are
 * hexadecimal.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * assertEquals(tokenParts(new Uint8Array([0x20, 0x68, 0x69, 0xe2])), [
 *   { kind: "mark", text: "·" },
 *   { kind: "text", text: "hi" },
 *   { kind: "bytes", text: "E2" },
 * ]);
 * ```
 */
export function tokenParts(bytes: Uint8Array): TokenPart[] {
  const parts: TokenPart[] = [];
  for (let at = 0; at < bytes.length;) {
    const character = characterAt(bytes, at);
    const part = character === undefined ? { kind: "bytes" as const, text: hex(bytes[at]) } : visible(character);
    const last = parts.at(-1);
    if (last && last.kind === part.kind) last.text += (part.kind === "bytes" ? " " : "") + part.text;
    else parts.push(standing(part));
    at += character === undefined ? 1 : new TextEncoder().encode(character).length;
  }
  return parts;
}

/** The character that begins at a byte, if a whole one does. */
function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const lead = bytes[at];
  const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.subarray(at, at + length));
  } catch {
    return undefined;
  }
}

function visible(character: string): TokenPart {
  const mark = MARKS.get(character);
  if (mark !== undefined) return { kind: "mark", text: mark };
  if (/[\p{C}\p{Z}]/u.test(character)) {
    return { kind: "mark", text: `U+${hex(character.codePointAt(0)!).padStart(4, "0")}` };
  }
  return { kind: "text", text: character };
}

// A combining mark that begins a text needs something to stand on, or it would stand on what is before.
function standing({ kind, text }: TokenPart): TokenPart {
  return { kind, text: kind === "text" && /^\p{M}/u.test(text) ? `◌${text}` : text };
}

function hex(value: number): string {
  return value.toString(16).toUpperCase().padStart(2, "0");
}
