import { assertEquals } from "@std/assert";
import { formatAmount, formatBytes, formatNumber, formatSeconds } from "../../scripts/frame/format.ts";
import { progressLine } from "../../scripts/frame/progress_bar.ts";

Deno.test("formatSeconds() chooses the unit that a person would", () => {
  const seconds = [0.0421, 19.31, 61 * 60 + 53, 3 * 3600 + 12 * 60, 5723 * 86400, Infinity];
  assertEquals(seconds.map(formatSeconds), ["0.042 s", "19.3 s", "61 min 53 s", "3 h 12 min", "5,723 days", "unknown"]);
});

Deno.test("formatBytes() keeps three digits and counts in thousands", () => {
  assertEquals([0, 999, 1000, 4_655_238, 2_227_753_162].map(formatBytes), [
    "0 bytes",
    "999 bytes",
    "1.00 kB",
    "4.66 MB",
    "2.23 GB",
  ]);
});

Deno.test("formatNumber() and formatAmount() separate thousands", () => {
  assertEquals(formatNumber(4_513_336_524_800n), "4,513,336,524,800");
  assertEquals(formatAmount(9743, "merges"), "9,743 merges");
});

Deno.test("a progress line says share, amount, rate and what is left, and fits the terminal", () => {
  const line = progressLine({ phase: "counting", done: 50e6, total: 200e6, unit: "bytes" }, 5, 200);
  assertEquals(line, `counting  ${"█".repeat(6)}${"░".repeat(18)} 25 %  50.0 MB of 200 MB  10.0 MB/s  15.0 s left`);
  assertEquals(progressLine({ phase: "counting", done: 1, unit: "bytes" }, 0, 30), "counting  1 bytes");
  assertEquals(progressLine({ phase: "x".repeat(99), done: 1, unit: "bytes" }, 0, 40).length, 39);
});
