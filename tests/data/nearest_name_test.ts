import { assertEquals } from "@std/assert";
import { nearestName } from "../../lib/data/nearest_name.ts";

const names = ["h100", "h200", "a100", "tinystories"];

Deno.test("nearestName() finds a slip of the pen, whatever its case, and the first of equally near names", () => {
  assertEquals(nearestName("TinyStorys", names), "tinystories");
  assertEquals(nearestName("h10", names), "h100");
  assertEquals(nearestName("h300", names), "h100");
});

Deno.test("nearestName() names none where more than a third of the letters differ", () => {
  assertEquals(nearestName("tpu", names), undefined);
  assertEquals(nearestName("", names), undefined);
  assertEquals(nearestName("b400", names), undefined); // two of four letters
  assertEquals(nearestName("h100", []), undefined);
});
