import { assertEquals } from "@std/assert";
import { wrapText } from "../../scripts/frame/wrap_text.ts";

Deno.test("wrapText() breaks between words, keeps every line's indentation, and never breaks a word", () => {
  assertEquals(wrapText("one two three\n  four five six\n\nseven", 10), [
    "one two",
    "three",
    "  four",
    "  five six",
    "",
    "seven",
  ]);
  assertEquals(wrapText("a https://deno.com b", 6), ["a", "https://deno.com", "b"]);
});

Deno.test("wrapText() counts wide characters twice and combining marks not at all", () => {
  assertEquals(wrapText("世界 世界", 9), ["世界 世界"]);
  assertEquals(wrapText("世界 世界", 8), ["世界", "世界"]);
  assertEquals(wrapText("e\u0301e\u0301 e\u0301", 4), ["e\u0301e\u0301 e\u0301"]);
});
