import { assert, assertEquals } from "@std/assert";
import { z } from "zod";

// Every task runs here under its own permission set, in a copy of the project, with Deno's audit log on: what a task asks
// for beyond its set makes it fail, and what a set grants without any task asking for it is found in the log.

const root = new URL("../../", import.meta.url);

const Grant = z.union([z.boolean(), z.array(z.string())]);
const Configuration = z.object({
  permissions: z.record(z.string(), z.record(z.string(), Grant)),
  tasks: z.record(
    z.string(),
    z.object({ description: z.string(), command: z.string().optional(), dependencies: z.array(z.string()).optional() }),
  ),
});
const configuration = Configuration.parse(JSON.parse(Deno.readTextFileSync(new URL("deno.json", root))));

/** The runs that show what each task needs; small, and without anything that a user's machine would lack. */
const runs: Record<string, (outside: string) => string[][]> = {
  unicode1: () => [[]],
  unicode2: () => [[]],
};

const scriptTasks = Object.entries(configuration.tasks).flatMap(([task, { command }]) => {
  const match = /^deno run -q --no-prompt -P=(\w+) (scripts\/\w+\.ts)$/.exec(command ?? "");
  return match ? [{ task, set: match[1], script: match[2] }] : [];
});

const Entry = z.object({ permission: z.string(), value: z.string().nullish() });
const copy = await Deno.makeTempDir({ prefix: "denolm-permissions-" });
globalThis.addEventListener("unload", () => Deno.removeSync(copy, { recursive: true }));
for (const name of ["deno.json", "deno.lock", "mod.ts", "lib", "ffi", "scripts"]) copyInto(name);

const used = new Map<string, Set<string>>();

for (const { task, set, script } of scriptTasks) {
  Deno.test(`task ${task} runs under the permission set "${set}"`, async () => {
    const outside = await Deno.makeTempDir({ prefix: "denolm-outside-" });
    const log = `${outside}/audit.jsonl`;
    try {
      for (const args of runs[task](outside)) {
        const { code, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-q", "--no-prompt", `-P=${set}`, script, ...args],
          cwd: copy,
          env: { DENO_AUDIT_PERMISSIONS: log, NO_COLOR: "1" },
        }).output();
        assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      }
      const seen = used.get(set) ?? new Set();
      used.set(set, seen);
      for (const { permission, value } of readLog(log)) {
        const grant = grantFor(configuration.permissions[set][permission], permission, value ?? "");
        assert(grant !== undefined, `${task} asked for ${permission} ${value}, which "${set}" does not grant`);
        seen.add(`${permission} ${grant}`);
      }
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  });
}

for (const [set, grants] of Object.entries(configuration.permissions)) {
  Deno.test(`nothing in the permission set "${set}" is unused`, () => {
    const expected = Object.entries(grants).flatMap(([permission, grant]) =>
      (Array.isArray(grant) ? grant : [grant]).map((target) => `${permission} ${target}`)
    );
    assertEquals(expected.filter((grant) => !used.get(set)?.has(grant)), []);
  });
}

Deno.test("every task has a description, and every script a task and a run in this test", () => {
  for (const [task, { description }] of Object.entries(configuration.tasks)) {
    assert(description.length >= 10, `task ${task} needs a description`);
  }
  const scripts = [...Deno.readDirSync(new URL("scripts/", root))].filter((entry) => entry.isFile).map((entry) =>
    `scripts/${entry.name}`
  );
  assertEquals(scriptTasks.map(({ script }) => script).sort(), scripts.sort());
  assertEquals(scriptTasks.map(({ task }) => task).sort(), Object.keys(runs).sort());
});

function readLog(path: string): z.output<typeof Entry>[] {
  try {
    return Deno.readTextFileSync(path).split("\n").filter((line) => line !== "").map((line) =>
      Entry.parse(JSON.parse(line))
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The entry of a set that allows this use, or undefined. */
function grantFor(grant: z.output<typeof Grant> | undefined, permission: string, value: string): string | undefined {
  // Deno's own look for colour is allowed to every program.
  if (permission === "env" && ["NO_COLOR", "FORCE_COLOR"].includes(value)) return "NO_COLOR";
  if (grant === undefined || grant === false) return undefined;
  if (grant === true) return "true";
  if (permission === "net") {
    return grant.find((host) => host.startsWith("*.") ? value.includes(host.slice(1)) : value.split(":")[0] === host);
  }
  const path = value.startsWith("file://") ? new URL(value).pathname : value;
  return grant.find((folder) => `${path}/`.startsWith(`${Deno.realPathSync(copy)}/${folder.replace("./", "")}/`));
}

function copyInto(name: string): void {
  const from = new URL(name, root);
  const to = `${copy}/${name}`;
  if (Deno.statSync(from).isFile) return Deno.copyFileSync(from, to);
  Deno.mkdirSync(to);
  for (const entry of Deno.readDirSync(from)) copyInto(`${name}/${entry.name}`);
}
