import { assertEquals } from "@std/assert";
import { progressLine } from "../../scripts/frame/progress_bar.ts";

Deno.test("a progress line says share, amount, rate and what is left, and fits the terminal", () => {
  const line = progressLine({ phase: "counting", done: 50e6, total: 200e6, unit: "bytes" }, 5, 200);
  assertEquals(line, `counting  ${"█".repeat(6)}${"░".repeat(18)} 25 %  50.0 MB of 200 MB  10.0 MB/s  15.0 s left`);
  assertEquals(progressLine({ phase: "counting", done: 1, unit: "bytes" }, 0, 30), "counting  1 bytes");
  const nearEnd = progressLine({ phase: "counting", done: 199e6, total: 200e6, unit: "bytes" }, 5, 44);
  assertEquals(nearEnd, "counting  99 %  39.8 MB/s  under 1 s left");
  assertEquals(progressLine({ phase: "x".repeat(99), done: 1, unit: "bytes" }, 0, 40).length, 39);
});

Deno.test("a progress line keeps detail, rate and time where the terminal is narrow, and lets the amount go first, then rate and detail", () => {
  const progress = { phase: "training", done: 1_000_000, total: 4_000_000, unit: "tokens", detail: "loss 1.834" };
  const line = (width: number) => progressLine(progress, 100, width);
  const end = "loss 1.834  10,000 tokens/s  5 min 0 s left";
  const amount = "1,000,000 of 4,000,000 tokens";
  assertEquals(line(200), `training  ${"█".repeat(6)}${"░".repeat(18)} 25 %  ${amount}  ${end}`);
  assertEquals(line(115), `training  ${"█".repeat(3)}${"░".repeat(9)} 25 %  ${amount}  ${end}`);
  assertEquals(line(80), `training  ${"█".repeat(3)}${"░".repeat(9)} 25 %  ${end}`);
  assertEquals(line(64), `training  25 %  ${end}`);
  assertEquals(line(59), "training  25 %  loss 1.834  5 min 0 s left");
  assertEquals(line(40), "training  25 %  5 min 0 s left");
});
