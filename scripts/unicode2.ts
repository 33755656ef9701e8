import { z } from "zod";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  text: z.array(z.string()).default(["hello", "résumé", "你好", "こんにちは!", "Hello 🌍 world"])
    .describe("sample to measure in each encoding"),
});

await runScript({
  name: "unicode2",
  summary:
    "problem unicode2, Unicode encodings: sizes in UTF-8, 16 and 32, a wrong decoder, bytes that decode to nothing",
  options: Options,
  permissions: "none",
}, ({ text }, report) => {
  report.say("(a) Why train on UTF-8 and not on UTF-16 or UTF-32?");
  report.table(
    "Bytes of the same text",
    ["text", "characters", "UTF-8", "UTF-16", "UTF-32", "zero bytes in UTF-16", "in UTF-32"],
    text.map((sample) => {
      const codePoints = [...sample].map((character) => character.codePointAt(0)!);
      const utf16 = new Uint8Array(Uint16Array.from({ length: sample.length }, (_, i) => sample.charCodeAt(i)).buffer);
      const utf32 = new Uint8Array(Uint32Array.from(codePoints).buffer);
      const utf8 = new TextEncoder().encode(sample);
      return [sample, codePoints.length, utf8.length, utf16.length, utf32.length, zeros(utf16), zeros(utf32)];
    }),
  );
  report.say(
    "UTF-8 is the shortest for most text, has no byte order and no zero bytes to learn, and is what most of the web uses. " +
      "(UTF-16 is shorter for text that is mostly Chinese or Japanese, as the samples show.)",
  );

  report.say("\n(b) Why is it wrong to decode UTF-8 one byte at a time?");
  const sample = "你好";
  const bytes = new TextEncoder().encode(sample);
  report.result("input", sample);
  report.result("its bytes", hex(bytes));
  report.result("decoded byte by byte", decodeByteByByte(bytes));
  report.result("decoded as a whole", new TextDecoder().decode(bytes));
  report.compare("(b) input that breaks byte-by-byte decoding", {
    published: sample,
    ours: sample,
    verdict: decodeByteByByte(bytes) === sample ? "does not break" : "agrees",
  });
  report.say("Each of the two characters takes three bytes, and none of these bytes is a character by itself.");

  report.say("\n(c) Which two bytes decode to no character at all?");
  const { invalid, wholly, twoLeads } = countTwoByteSequences();
  report.result("two-byte sequences", 256 * 256);
  report.result("of them not valid UTF-8", invalid);
  report.result("of them with no valid character in either place", wholly);
  report.result("of them two lead bytes 110xxxxx 110xxxxx", twoLeads.total);
  report.compare("(c) sequences 110xxxxx 110xxxxx that decode to nothing", {
    published: "any",
    ours: `${twoLeads.invalid} of ${twoLeads.total}`,
    verdict: twoLeads.invalid === twoLeads.total ? "agrees" : "does not hold",
  });
  const example = Uint8Array.of(0xc3, 0xc3);
  report.result("an example", `${hex(example)} -> ${new TextDecoder().decode(example)}`);
  report.say(
    "0xC3 is 11000011: it announces a character of two bytes, so the next byte must have the form 10xxxxxx. " +
      "A second 0xC3 has not, so neither byte belongs to a character.",
  );
});

/** The wrong decoder of the problem: every byte by itself, as if it were a whole character. */
function decodeByteByByte(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => new TextDecoder().decode(Uint8Array.of(byte))).join("");
}

function countTwoByteSequences() {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const isValid = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes);
      return true;
    } catch {
      return false;
    }
  };
  const isLead = (byte: number) => byte >> 5 === 0b110;
  let invalid = 0, wholly = 0;
  const twoLeads = { total: 0, invalid: 0 };
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      const bytes = Uint8Array.of(first, second);
      const bad = !isValid(bytes);
      if (bad) invalid++;
      if (bad && first >= 128 && second >= 128) wholly++;
      if (isLead(first) && isLead(second)) {
        twoLeads.total++;
        if (bad) twoLeads.invalid++;
      }
    }
  }
  return { invalid, wholly, twoLeads };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

function zeros(bytes: Uint8Array): number {
  return bytes.filter((byte) => byte === 0).length;
}
