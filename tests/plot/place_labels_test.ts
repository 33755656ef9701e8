import { assert, assertEquals } from "@std/assert";
import { placeLabels } from "../../lib/plot/place_labels.ts";
import { Random } from "../../lib/tensor/random.ts";

Deno.test("labels with room stay where they want to be", () => {
  const labels = [{ x: 0, y: 80, width: 30 }, { x: 0, y: 10, width: 30 }, { x: 0, y: 95, width: 30 }];
  assertEquals(placeLabels(labels, 15), [80, 10, 95]);
  assertEquals(placeLabels([], 15), []);
});

Deno.test("labels at one point spread evenly around it, in the order given", () => {
  assertEquals(placeLabels([50, 50, 50].map((y) => ({ x: 0, y, width: 30 })), 10), [40, 50, 60]);
});

Deno.test("labels near the bottom are moved up together, and none is below it", () => {
  const labels = [70, 98, 99, 100].map((y) => ({ x: 0, y, width: 30 }));
  assertEquals(placeLabels(labels, 10, 100), [70, 80, 90, 100]);
  assertEquals(placeLabels(labels, 10), [70, 89, 99, 109]);
});

Deno.test("labels beside each other do not move each other", () => {
  assertEquals(placeLabels([{ x: 0, y: 50, width: 30 }, { x: 30, y: 50, width: 30 }], 10), [50, 50]);
  assertEquals(placeLabels([{ x: 0, y: 50, width: 31 }, { x: 30, y: 50, width: 30 }], 10), [45, 55]);
});

Deno.test("no label of one column ever covers another, the order stands, and they move no more than all together must", () => {
  const random = new Random(3);
  for (let round = 0; round < 200; round++) {
    const wanted = Array.from({ length: 1 + Math.floor(8 * random.uniform()) }, () => 100 * random.uniform());
    const placed = placeLabels(wanted.map((y) => ({ x: 0, y, width: 10 })), 12);
    const order = [...wanted.keys()].sort((a, b) => wanted[a] - wanted[b]);
    order.slice(1).forEach((label, i) => assert(placed[label] - placed[order[i]] > 12 - 1e-9));
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    assert(Math.abs(mean(placed) - mean(wanted)) < 1e-9);
  }
});
