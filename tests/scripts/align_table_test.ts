import { assertEquals } from "@std/assert";
import { alignTable } from "../../scripts/frame/align_table.ts";

const columns = ["run", "what is different", "loss", "time"];
const rows = [
  ["experiments/stories-seed-0-de4e61b468", "as base, but model.norm none (not pre)", 5.3142, "0.15 s"],
  ["base", "", 5.3, "2 min 5 s"],
];

Deno.test("words of a table that is wider than the terminal are broken, the widest first; figures never are", () => {
  assertEquals(alignTable(columns, rows, 60).split("\n"), [
    "run                  what is different       loss  time",
    "───────────────────  ────────────────────  ──────  ─────────",
    "experiments/         as base, but          5.3142  0.15 s",
    "stories-seed-0-      model.norm none (not",
    "de4e61b468           pre)",
    "base                                       5.3000  2 min 5 s",
  ]);
});

Deno.test("a table that cannot fit is left whole, as where there is no terminal", () => {
  const whole = alignTable(columns, rows);
  assertEquals(whole.split("\n").length, 4);
  assertEquals(alignTable(columns, rows, 30), whole);
});

Deno.test("numbers of one kind have equally many decimals, and those of several kinds what each means", () => {
  assertEquals(alignTable(["a", "b"], [[5.158, 0.339], [5.0487, 76.8], [null, 0]]).split("\n").slice(2), [
    "5.1580  0.339",
    "5.0487   76.8",
    "            0",
  ]);
});
