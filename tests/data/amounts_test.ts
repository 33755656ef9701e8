import { assertEquals } from "@std/assert";
import { formatAmount, formatBytes, formatNumber, formatSeconds, formatTimeLeft } from "../../lib/data/amounts.ts";

Deno.test("formatSeconds() chooses the unit that a person would", () => {
  const seconds = [0.0421, 19.31, 61 * 60 + 53, 3 * 3600 + 12 * 60, 5723 * 86400, 1e12, Infinity];
  assertEquals(seconds.map(formatSeconds), [
    "0.042 s",
    "19.3 s",
    "61 min 53 s",
    "3 h 12 min",
    "5,723 days",
    "31,688 years",
    "unknown",
  ]);
  const short = [8.64e-3, 8.64e-4, 2.24e-6, 3.1e-7, 1.2e-12, 0];
  assertEquals(short.map(formatSeconds), ["8.6 ms", "860 µs", "2.2 µs", "310 ns", "0.0012 ns", "0.0 s"]);
});

Deno.test("formatBytes() keeps three digits and counts in thousands", () => {
  assertEquals([0, 999, 1000, 4_655_238, 2_227_753_162, 1.5e18].map(formatBytes), [
    "0 bytes",
    "999 bytes",
    "1.00 kB",
    "4.66 MB",
    "2.23 GB",
    "1.50 EB",
  ]);
});

Deno.test("formatNumber() and formatAmount() separate thousands", () => {
  assertEquals(formatNumber(4_513_336_524_800n), "4,513,336,524,800");
  assertEquals(formatAmount(9743, "merges"), "9,743 merges");
});

Deno.test("formatTimeLeft() says no more of a forecast than it knows", () => {
  assertEquals([0.004, 0.7, 3, 90].map(formatTimeLeft), [
    ...["under 1 s left", "under 1 s left", "3.0 s left", "1 min 30 s left"],
  ]);
});
