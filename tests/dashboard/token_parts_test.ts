import { assertEquals } from "@std/assert";
import { tokenParts } from "../../lib/dashboard/token_parts.ts";

const shown = (bytes: readonly number[] | Uint8Array) =>
  tokenParts(Uint8Array.from(bytes)).map(({ kind, text }) => `${kind} ${text}`);
const shownText = (text: string) => shown(new TextEncoder().encode(text));

Deno.test("characters stay, white space and what has no form become marks", () => {
  assertEquals(shownText("naïve"), ["text naïve"]);
  assertEquals(shownText(" \n\t\r"), ["mark ·⏎→␍"]);
  assertEquals(shownText("a\u00a0b\u0000\ufeff"), ["text a", "mark U+00A0", "text b", "mark U+0000U+FEFF"]);
});

Deno.test("bytes that are no whole character are hexadecimal", () => {
  const smile = new TextEncoder().encode("🙂");
  assertEquals(shown(smile), ["text 🙂"]);
  assertEquals(shown(smile.subarray(0, 3)), ["bytes F0 9F 99"]);
  assertEquals(shown([...smile.subarray(3), 0x21]), ["bytes 82", "text !"]);
  assertEquals(shown([0xc0, 0x80, 0xff]), ["bytes C0 80 FF"]); // overlong, and never in UTF-8
  assertEquals(shown([0xed, 0xa0, 0x80]), ["bytes ED A0 80"]); // a lone surrogate
});

Deno.test("a combining mark at the beginning stands on a circle, within a text on its letter", () => {
  assertEquals(shownText("\u0301"), ["text ◌\u0301"]);
  assertEquals(shownText("e\u0301"), ["text e\u0301"]);
});

Deno.test("no byte of a token is lost", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const parts = tokenParts(bytes);
  assertEquals(parts.filter(({ kind }) => kind === "bytes").flatMap(({ text }) => text.split(" ")).length, 128);
});
