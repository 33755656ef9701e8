import { assertEquals } from "@std/assert";
import { progressLine } from "../../scripts/frame/progress_bar.ts";

Deno.test("a progress line says share, amount, rate and what is left, and fits the terminal", () => {
  const line = progressLine({ phase: "counting", done: 50e6, total: 200e6, unit: "bytes" }, 5, 200);
  assertEquals(line, `counting  ${"█".repeat(6)}${"░".repeat(18)} 25 %  50.0 MB of 200 MB  10.0 MB/s  15.0 s left`);
  assertEquals(progressLine({ phase: "counting", done: 1, unit: "bytes" }, 0, 30), "counting  1 bytes");
  assertEquals(progressLine({ phase: "x".repeat(99), done: 1, unit: "bytes" }, 0, 40).length, 39);
});
