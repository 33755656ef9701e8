import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { NoBlasError } from "../../ffi/cpu/blas_library.ts";
import { execute, type ScriptMain } from "../../scripts/frame/run_script.ts";

const Options = z.object({ size: z.int().min(1).default(3).describe("how many") });
const script = { name: "count", summary: "counts", options: Options, permissions: "tokenize" };

async function run(args: string[], main: ScriptMain<typeof Options>) {
  let stdout = "", stderr = "";
  const code = await execute(script, main, args, {
    stdout: (text) => stdout += text,
    stderr: (text) => stderr += text,
    atTerminal: false,
  });
  return { code, stdout, stderr };
}

Deno.test("a task prints its figures, tables and comparisons for people", async () => {
  const { code, stdout, stderr } = await run(["--size", "1200"], ({ size }, report) => {
    report.result("items", size);
    report.duration("wait", 65.25);
    report.table("By kind", ["kind", "count"], [["red", 1000], ["green", 200]]);
    report.compare("time", { published: "19 s", ours: "3 s", verdict: "another machine" });
    report.note("a small corpus");
  });
  assertEquals([code, stderr], [0, ""]);
  assertEquals(
    stdout,
    "items: 1,200\nwait: 1 min 5 s\n\nBy kind\nkind   count\n─────  ─────\nred    1,000\ngreen    200\nNote: a small corpus\n\n" +
      "      published  ours\n────  ─────────  ────  ───────────────\ntime  19 s       3 s   another machine\n",
  );
});

Deno.test("with --json a task prints one JSON object and nothing else", async () => {
  const { code, stdout, stderr } = await run(["--json"], ({ size }, report) => {
    report.say("for people");
    report.result("items", size);
    report.duration("wait", 65.25);
    report.result("flops", 2n ** 64n);
    report.compare("time", { published: 19, ours: 3 });
  });
  assertEquals([code, stderr], [0, ""]);
  const { seconds, ...rest } = JSON.parse(stdout);
  assertEquals(rest, {
    task: "count",
    options: { size: 3 },
    results: { items: 3, wait: 65.25, flops: "18446744073709551616" },
    comparisons: { time: { published: 19, ours: 3 } },
  });
  assertEquals(typeof seconds, "number");
});

Deno.test("a device whose libraries a task may not load is told with the command that allows it", async () => {
  const failed = await run(["--size", "4"], () => {
    throw new NoBlasError(["libmine.so: no permission"], { permitted: false });
  });
  assertMatch(
    failed.stderr,
    /^Cannot open the blas device: .*\n {2}libmine\.so: no permission\nTo allow it this once:\n/,
  );
  assertStringIncludes(
    failed.stderr,
    "deno run -q -P=tokenize --allow-ffi --allow-env=DENOLM_BLAS scripts/count.ts --size 4\n",
  );
  const permitted = await run([], () => {
    throw new NoBlasError(["libmine.so: not found"], { permitted: true });
  });
  assertEquals(permitted.stderr.includes("To allow it"), false);
});

Deno.test("a wrong command line ends with code 2, an expected failure with 1 and no stack", async () => {
  assertEquals((await run(["--size", "0"], () => {})).code, 2);
  const failed = await run([], () => {
    throw new RangeError("Cannot count: nothing is there; give --size");
  });
  assertEquals(failed, { code: 1, stdout: "", stderr: "Cannot count: nothing is there; give --size\n" });
});

Deno.test("a defect is shown with its stack", async () => {
  const { code, stderr } = await run([], () => {
    (undefined as unknown as string[]).push("x");
  });
  assertEquals(code, 1);
  assertMatch(stderr, /defect of denolm:\nTypeError: .*\n\s+at /);
});

Deno.test("a file that cannot be read is no defect, whatever the class of the error", async () => {
  const { stderr } = await run([], () => {
    throw new TypeError("Cannot read tokenizer.json: a normalizer is not supported");
  });
  assertEquals(stderr, "Cannot read tokenizer.json: a normalizer is not supported\n");
});

Deno.test("a missing permission is explained with the command that grants it", async () => {
  const { code, stderr } = await run(["--size", "4"], () => {
    throw new Deno.errors.NotCapable(`Requires write access to "/tmp/a b", run again with the --allow-write flag`);
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, `deno run -q -P=tokenize '--allow-write=/tmp/a b' scripts/count.ts --size 4`);
});

Deno.test("a special file, for which Deno asks all permissions, is explained with the command that grants them", async () => {
  const { code, stderr } = await run([], () => {
    throw new Deno.errors.NotCapable(`Requires all access to "/dev/mem", run again with the --allow-all flag`);
  });
  assertEquals(code, 1);
  assertStringIncludes(stderr, "Cannot use /dev/mem: it is a special file");
  assertStringIncludes(stderr, "deno run -q -P=tokenize --allow-all scripts/count.ts\n");
});

Deno.test("a file that is not there is named", async () => {
  const { code, stderr } = await run([], () => void Deno.readTextFileSync("no/such file.txt"));
  assertEquals([code, stderr], [
    1,
    "Cannot open no/such file.txt: there is no such file or folder; look at its name and place\n",
  ]);
});

Deno.test("--help lists every flag with its default and limit, and runs nothing", async () => {
  const { code, stdout } = await run(["--help"], () => {
    throw new Error("ran");
  });
  assertEquals(code, 0);
  assertStringIncludes(stdout, "--size N  how many (at least 1; default 3)");
  assertStringIncludes(stdout, "--json");
});

Deno.test("a folder in place of a file is explained, by name where Deno says it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const opened = await run([], async () => void await Deno.readTextFile(folder));
    assertEquals(opened, { code: 1, stdout: "", stderr: `Cannot read ${folder}: it is a folder; give a file\n` });
    const read = await run([], async () => {
      using file = await Deno.open(folder);
      file.readSync(new Uint8Array(1));
    });
    assertMatch(read.stderr, /^Cannot read a file that was named: it is a folder; give a file in its place\n$/);
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("--help shows limits, and a default as it is typed, none where it is empty", async () => {
  let stdout = "";
  const options = z.object({
    prompt: z.string().default("").describe("text to continue"),
    input: z.string().describe("file"),
    size: z.int().describe("how many"),
    bytes: z.int().min(100_000).default(20e6).describe("bytes"),
    graphs: z.boolean().default(true).describe("record a step"),
    port: z.int().min(0).max(65535).default(7337).describe("port"),
    beta: z.number().min(0).lt(1).optional().meta({ description: "decay", default: 0.9 }),
    text: z.array(z.string()).default(["a b", "c"]).describe("samples"),
  });
  const output = { stdout: (text: string) => stdout += text, stderr: () => {}, atTerminal: false };
  await execute({ ...script, options, positional: ["input", "text"] }, () => {}, ["--help"], output);
  assertStringIncludes(stdout, "text to continue\n");
  assertStringIncludes(stdout, "Usage: deno task count INPUT [TEXT ...] --size N [options]\n");
  assertMatch(stdout, /--bytes N +bytes \(at least 100_000; default 20_000_000\)\n/);
  assertMatch(stdout, /--\[no-\]graphs +record a step \(on by default\)\n/);
  assertMatch(stdout, /--port N +port \(from 0 to 65_535; default 7337\)\n/);
  assertMatch(stdout, /--beta X +decay \(at least 0, below 1; default 0.9\)\n/);
  assertStringIncludes(stdout, 'samples (repeatable; default "a b" c)');
});

Deno.test("--help fits the terminal, 100 columns without one: what a flag means hangs beside it, below a long one", async () => {
  const options = z.object({
    size: z.int().default(3).describe("how many of all that there are shall be counted"),
    aVeryLongNameOfAFlag: z.enum(["one", "another"]).default("one").describe("kind"),
    text: z.array(z.string()).default(["こんにちは", "世界のみなさん"]).describe("samples"),
  });
  const help = async (columns?: number) => {
    let stdout = "";
    const output = { stdout: (text: string) => stdout += text, stderr: () => {}, atTerminal: false, columns };
    await execute({ ...script, options, details: "word ".repeat(30).trim() }, () => {}, ["--help"], output);
    return stdout.split("\n");
  };
  const narrow = await help(48);
  assertEquals(narrow.slice(4, 12), [
    "  --size N  how many of all that there are shall",
    "            be counted (default 3)",
    "  --a-very-long-name-of-a-flag one|another",
    "            kind (default one)",
    "  --text TEXT ...",
    "            samples (repeatable; default",
    "            こんにちは 世界のみなさん)",
    "  --json    print the result as one JSON object",
  ]);
  const longest = (lines: string[]) => Math.max(...lines.map((line) => line.length));
  assertEquals([longest(narrow) <= 48, longest(await help()) <= 100], [true, true]);
});

Deno.test("a file in the place of a folder, and what the system does not allow, are explained", async () => {
  const file = await Deno.makeTempFile();
  try {
    const made = await run([], () => void Deno.mkdirSync(file, { recursive: true }));
    assertEquals(made.stderr, `Cannot make the folder ${file}: there is a file of that name; give another\n`);
    const below = await run([], () => void Deno.readTextFileSync(`${file}/text`));
    assertMatch(below.stderr, /^Cannot \w+ .*\/text: a part of this path is a file, not a folder; look at its name/);
    const denied = await run([], () => {
      throw new Deno.errors.PermissionDenied("Permission denied (os error 13): open '/root/text.61.cd0046a2.tmp'");
    });
    assertMatch(denied.stderr, /^Cannot open \/root\/text: the system does not allow it; look at who owns it/);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a file system that is read-only is said to be, with the path where Deno names it", async () => {
  const fail = (what: string) => () => {
    throw Object.assign(new Error(`Read-only file system (os error 30)${what}`), { code: "EROFS" });
  };
  const named = await run([], fail(": mkdir 'runs'"));
  assertEquals(named.stderr, "Cannot write runs: its file system is read-only; give another folder\n");
  const unnamed = await run([], fail(""));
  assertEquals(unnamed.stderr, "Cannot write: its file system is read-only; give another folder\n");
});

Deno.test("memory that is not there is no defect", async () => {
  for (const take of [() => new Float64Array(2 ** 50), () => new ArrayBuffer(2 ** 52)]) {
    const { stderr } = await run([], () => void take());
    assertMatch(stderr, /^Cannot go on: there is not enough memory; try less at a time/);
  }
});
