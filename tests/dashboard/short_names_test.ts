import { assertEquals } from "@std/assert";
import { shortNames } from "../../lib/dashboard/short_names.ts";

Deno.test("names of an experiment's runs are told by what differs between them", () => {
  const names = ["seed-0-297fdd6ca5", "max_learning_rate-0.02-seed-0-1b0ba85ccb", "seed-1-c946f414bc"];
  assertEquals(
    shortNames(names.map((name) => `experiments/smoke-stories-${name}`)),
    ["seed-0", "max_learning_rate-0.02-seed-0", "seed-1"],
  );
});

Deno.test("a number alone says nothing: it stays with the word before it", () => {
  const names = [
    "seed-0-7129d08682",
    "seed-0-max_learning_rate-10-45d5324359",
    "seed-0-max_learning_rate-1-d11f28fa21",
  ];
  assertEquals(
    shortNames(names.map((name) => `experiments/laptop-stories-${name}`)),
    ["seed-0", "seed-0-max_learning_rate-10", "seed-0-max_learning_rate-1"],
  );
});

Deno.test("what makes names differ is never left out", () => {
  const cases = [
    ["a-297fdd6ca5", "a-1b0ba85ccb"], // the hash
    ["x/run", "y/run"], // the folder
    [`${"long".repeat(10)}-1`, `${"long".repeat(10)}-2`], // the end
    ["a", "a-b", "a-b-c"],
    ["run", "run-"],
  ];
  for (const names of cases) assertEquals(new Set(shortNames(names)).size, names.length, names.join());
});

Deno.test("one run keeps its name", () => {
  assertEquals(shortNames(["smoke-stories-seed-0"]), ["smoke-stories-seed-0"]);
});
