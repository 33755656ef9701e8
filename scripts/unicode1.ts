import { z } from "zod";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  codePoint: z.int().min(0).max(0x10ffff).default(0).describe("the character to look at, as a code point"),
});

await runScript({
  name: "unicode1",
  summary: "problem unicode1, understanding Unicode: what the character with code point 0 is, shows and does in text",
  options: Options,
  permissions: "none",
}, ({ codePoint }, report) => {
  const character = String.fromCodePoint(codePoint);
  const text = `this is a test${character}string`;

  report.say("(a) Which character is it?");
  report.result("code point", `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`);
  report.result("Unicode category", categoryOf(character));
  report.say("\n(b) How does its representation differ from the character printed?");
  report.result("representation", JSON.stringify(character));
  report.result("printed", `[${character}]`);
  report.result("columns that the printed form needs by itself", /\p{C}|\p{M}/u.test(character) ? 0 : 1);
  report.say("\n(c) What does it do in text?");
  report.result("representation in text", JSON.stringify(text));
  report.result("printed in text", text);
  report.result("characters in the text", [...text].length);
  report.result("bytes in UTF-8", new TextEncoder().encode(text).length);
  report.say(
    codePoint === 0
      ? "\nAnswer: it is NUL, a control character. Its representation is an escape sequence, while printing it shows " +
        "nothing. In text it stays a character like any other: it counts, it is stored as one zero byte, and it is only " +
        "invisible on the terminal."
      : "\nAnswer: the representation is made to be read and escapes what does not show; printing sends the character itself.",
  );
});

function categoryOf(character: string): string {
  const categories = {
    "Cc, control": /\p{Cc}/u,
    "Cf, format": /\p{Cf}/u,
    "Cs, surrogate": /\p{Cs}/u,
    "Co, private use": /\p{Co}/u,
    "Cn, unassigned": /\p{Cn}/u,
    "L, letter": /\p{L}/u,
    "M, mark": /\p{M}/u,
    "N, number": /\p{N}/u,
    "P, punctuation": /\p{P}/u,
    "S, symbol": /\p{S}/u,
    "Z, separator": /\p{Z}/u,
  };
  return Object.entries(categories).find(([, pattern]) => pattern.test(character))?.[0] ?? "none";
}
