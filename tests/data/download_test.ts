import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash } from "node:crypto";
import { download, type DownloadOptions } from "../../lib/data/download.ts";
import type { Progress } from "../../lib/data/progress.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

// Long enough to come in several pieces, and different at every offset.
const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 5);
const tag = `"${sha256(content)}"`;
const impatient: DownloadOptions = { attempts: 3, backoffMilliseconds: 1, stallMilliseconds: 200 };

/** A server whose answers are listed, one per request; the last is repeated. */
class ListedServer implements AsyncDisposable {
  /** The headers of each request. */
  readonly requests: Headers[] = [];
  #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(...answers: ((request: Request) => Response | Promise<Response>)[]) {
    this.#server = Deno.serve(
      { port: 0, onListen() {}, onError: () => new Response(null, { status: 500 }) },
      (request) => {
        this.requests.push(new Headers(request.headers));
        return answers[Math.min(this.requests.length, answers.length) - 1](request);
      },
    );
  }

  get address(): URL {
    return new URL(`http://localhost:${this.#server.addr.port}/file.txt`);
  }

  /** What each request asked for: "all", or its range. */
  get ranges(): string[] {
    return this.requests.map((headers) => headers.get("range") ?? "all");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** A well-behaved server of a file: ranges, `If-Range`, entity tag. */
function serve(bytes: Uint8Array<ArrayBuffer>, headers: Record<string, string> = { etag: tag }) {
  return (request: Request): Response => {
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? NaN);
    const condition = request.headers.get("if-range");
    if (!(start >= 0) || (condition !== null && condition !== (headers.etag ?? headers["last-modified"]))) {
      return new Response(bytes, { headers });
    }
    if (start >= bytes.length) return new Response(null, { status: 416, headers });
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    return new Response(bytes.subarray(start), { status: 206, headers: { ...headers, "content-range": range } });
  };
}

/** Serves as `serve` does, but only the first `count` bytes come; then the connection breaks, or stays silent. */
function cut(
  count: number,
  how: "breaks" | "stalls",
  answer: (request: Request) => Response,
  { tellsLength = true } = {},
) {
  return async (request: Request): Promise<Response> => {
    const whole = answer(request);
    const bytes = new Uint8Array(await whole.arrayBuffer());
    const headers = new Headers(whole.headers);
    if (tellsLength) headers.set("content-length", String(bytes.length));
    const gone = Promise.withResolvers<void>();
    let sent = false;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (!sent) controller.enqueue(bytes.subarray(0, count));
        else if (bytes.length <= count) controller.close();
        else if (how === "stalls") await gone.promise;
        else {
          await new Promise((resolve) => setTimeout(resolve, 30)); // an error right behind the data would overtake it
          controller.error(new Error("broken on purpose"));
        }
        sent = true;
      },
      cancel: () => gone.resolve(),
    });
    return new Response(body, { status: whole.status, headers });
  };
}

const failing = (status: number, headers: Record<string, string> = {}) => () => new Response("no", { status, headers });

Deno.test("a file comes whole, with its folder, and nothing else is left", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  const path = folder.at("data/file.txt");
  const result = await download(server.address, path);
  assertEquals(Deno.readFileSync(path), content);
  const expected = { bytes: 300_000, sha256: sha256(content), isVerified: true, resumedBytes: 0, wasThere: false };
  assertEquals(result, expected);
  assertEquals(Array.from(Deno.readDirSync(folder.at("data")), ({ name }) => name), ["file.txt"]);
});

Deno.test("an empty file is a file", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(new Uint8Array(), {}));
  assertEquals((await download(server.address, folder.at("f"), impatient)).bytes, 0);
  assertEquals(folder.names(), ["f"]);
});

Deno.test("a server that names another checksum than the caller is refused at once", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  const options = { ...impatient, sha256: sha256(content.subarray(1)) };
  const error = await assertRejects(() => download(server.address, folder.at("f"), options), Error);
  assertMatch(
    error.message,
    new RegExp(`SHA-256 ${sha256(content)}, expected ${options.sha256}; it is another version`),
  );
  assertEquals(folder.names(), []);
});

Deno.test("redirects are followed, and the checksum of the first answer counts", async () => {
  using folder = new TemporaryFolder();
  const redirect = () => {
    const headers = { location: "/elsewhere", "x-linked-etag": `"${sha256(content.subarray(1))}"` };
    return new Response(null, { status: 302, headers });
  };
  await using server = new ListedServer(redirect, serve(content, { etag: '"another name"' }));
  const error = await assertRejects(() => download(server.address, folder.at("f"), impatient), Error);
  assertMatch(error.message, new RegExp(`SHA-256 is ${sha256(content)}, expected ${sha256(content.subarray(1))}`));
  assertEquals(folder.names(), []);
});

Deno.test("a circle of redirects, and one to another kind of address, end with an error", async () => {
  using folder = new TemporaryFolder();
  for (
    const [location, message] of [["/file.txt", "redirects more than 10 times"], ["file:///etc/passwd", "not a safe"]]
  ) {
    await using server = new ListedServer(failing(302, { location }));
    await assertRejects(() => download(server.address, folder.at("f"), impatient), Error, message);
  }
  assertEquals(folder.names(), []);
});

Deno.test("a connection that breaks is resumed where it broke", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(100_000, "breaks", serve(content)), serve(content));
  await download(server.address, folder.at("f"), impatient);
  assertEquals(server.ranges, ["all", "bytes=100000-"]);
  assertEquals(server.requests[1].get("if-range"), tag);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

Deno.test("a connection that stalls is given up and resumed", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(50_000, "stalls", serve(content)), serve(content));
  await download(server.address, folder.at("f"), impatient);
  assertEquals(server.ranges, ["all", "bytes=50000-"]);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

Deno.test("a server that breaks off each time is asked again for as long as it brings something", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(40_000, "breaks", serve(content)));
  await download(server.address, folder.at("f"), impatient);
  assertEquals(server.requests.length, 8);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

Deno.test("after as many failures in a row as allowed, the part is kept for the next run", async () => {
  using folder = new TemporaryFolder();
  {
    await using server = new ListedServer(cut(100_000, "breaks", serve(content)), failing(503));
    const error = await assertRejects(() => download(server.address, folder.at("f"), impatient), Error);
    assertMatch(
      error.message,
      /503 Service Unavailable \(3 attempts failed\); 100000 bytes are kept in .*f\.part; try/,
    );
    assertEquals(folder.names(), ["f.part", "f.part.json"]);
  }
});

/** Leaves a part of the file behind, as a run that was stopped does, and goes on with another answer. */
async function resumed(folder: TemporaryFolder, answer: (request: Request) => Response | Promise<Response>) {
  const answers = [cut(100_000, "breaks", serve(content)), failing(404), answer];
  await using server = new ListedServer(...answers);
  await assertRejects(() => download(server.address, folder.at("f"), impatient), Error, "404 Not Found");
  const progress: Progress[] = [];
  const result = await download(server.address, folder.at("f"), {
    ...impatient,
    onProgress: (at) => progress.push(at),
  });
  return { result, progress, ranges: server.ranges.slice(2) };
}

Deno.test("a later run resumes, and its progress begins with what is there", async () => {
  using folder = new TemporaryFolder();
  const { result, progress, ranges } = await resumed(folder, serve(content));
  assertEquals(ranges, ["bytes=100000-"]);
  assertEquals([result.resumedBytes, result.bytes], [100_000, 300_000]);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
  assertEquals(folder.names(), ["f"]);
  assertEquals(progress[0], { phase: "checking what there is of f", done: 100_000, total: 100_000, unit: "bytes" });
  assertEquals(progress.at(-1), { phase: "downloading f", done: 300_000, total: 300_000, unit: "bytes" });
});

Deno.test("a file that changed on the server since is downloaded from its start", async () => {
  using folder = new TemporaryFolder();
  const changed = content.toReversed();
  const { result } = await resumed(folder, serve(changed, { etag: `"${sha256(changed)}"` }));
  assertEquals(result.resumedBytes, 0);
  assertEquals(Deno.readFileSync(folder.at("f")), changed);
});

Deno.test("a changed file is noticed even if the server honours the range regardless", async () => {
  using folder = new TemporaryFolder();
  const changed = content.subarray(0, 250_000);
  const careless = (request: Request) => {
    const headers = new Headers(request.headers);
    headers.delete("if-range");
    return serve(changed, { etag: `"${sha256(changed)}"` })(new Request(request.url, { headers }));
  };
  const { ranges } = await resumed(folder, careless);
  assertEquals(ranges, ["bytes=100000-", "all"]);
  assertEquals(Deno.readFileSync(folder.at("f")), changed);
});

Deno.test("a changed file of the same size is noticed by its entity tag even if the server honours the range regardless", async () => {
  using folder = new TemporaryFolder();
  const changed = content.toReversed();
  const careless = (request: Request) => {
    const headers = new Headers(request.headers);
    headers.delete("if-range");
    return serve(changed, { etag: '"second"' })(new Request(request.url, { headers }));
  };
  const answers = [cut(100_000, "breaks", serve(content, { etag: '"first"' })), careless];
  await using server = new ListedServer(...answers);
  await download(server.address, folder.at("f"), impatient);
  assertEquals(server.ranges, ["all", "bytes=100000-", "all"]);
  assertEquals(Deno.readFileSync(folder.at("f")), changed);
});

Deno.test("a server that tells the length only with a part, and sends less of it, is asked for the rest", async () => {
  using folder = new TemporaryFolder();
  const headers = { etag: '"first"' };
  const part = (start: number, end: number) => () => {
    const range = `bytes ${start}-${end - 1}/${content.length}`;
    return new Response(content.subarray(start, end), { status: 206, headers: { ...headers, "content-range": range } });
  };
  await using server = new ListedServer(
    cut(100_000, "breaks", serve(content, headers), { tellsLength: false }),
    part(100_000, 200_000),
    part(200_000, 300_000),
  );
  assertEquals((await download(server.address, folder.at("f"), impatient)).bytes, content.length);
  assertEquals(server.ranges, ["all", "bytes=100000-", "bytes=200000-"]);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

Deno.test("a server that ignores the range sends the file from its start", async () => {
  using folder = new TemporaryFolder();
  const { result } = await resumed(folder, () => new Response(content, { headers: { etag: tag } }));
  assertEquals(result.resumedBytes, 0);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

Deno.test("a server that has no such part (416) is asked for the whole file", async () => {
  using folder = new TemporaryFolder();
  const short = content.subarray(0, 1000);
  const { ranges } = await resumed(folder, (request) => {
    const range = request.headers.has("range");
    return range ? new Response(null, { status: 416 }) : new Response(short);
  });
  assertEquals(ranges, ["bytes=100000-", "all"]);
  assertEquals(Deno.readFileSync(folder.at("f")), short);
});

Deno.test("an answer with another range than asked for is an error, and the part stays", async () => {
  using folder = new TemporaryFolder();
  const other = () => new Response(content, { status: 206, headers: { "content-range": "bytes 5-9/300000" } });
  await assertRejects(() => resumed(folder, other), Error, "bytes from 100000 on were asked for");
  assertEquals(folder.names(), ["f.part", "f.part.json"]);
});

Deno.test("a damaged part is found by its checksum and removed", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(100_000, "breaks", serve(content)), failing(404), serve(content));
  await assertRejects(() => download(server.address, folder.at("f"), impatient), Error, "404");
  const part = Deno.readFileSync(folder.at("f.part"));
  part[50_000] ^= 1;
  Deno.writeFileSync(folder.at("f.part"), part);
  const error = await assertRejects(() => download(server.address, folder.at("f"), impatient), Error);
  assertMatch(
    error.message,
    new RegExp(`damaged \\(its SHA-256 is [0-9a-f]{64}, expected ${sha256(content)}\\) and was`),
  );
  assertEquals(folder.names(), []);
});

Deno.test("a part without a readable record, or of another address, is not used", async () => {
  for (
    const record of ["{", "{}", JSON.stringify({ address: "http://localhost/other", validator: tag, length: 300_000 })]
  ) {
    using folder = new TemporaryFolder();
    Deno.writeFileSync(folder.at("f.part"), content.subarray(7, 100));
    Deno.writeTextFileSync(folder.at("f.part.json"), record);
    await using server = new ListedServer(serve(content));
    assertEquals((await download(server.address, folder.at("f"), impatient)).resumedBytes, 0);
    assertEquals(server.ranges, ["all"]);
    assertEquals(Deno.readFileSync(folder.at("f")), content);
  }
});

Deno.test("a part that is whole already needs no server", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(failing(500));
  const record = { address: server.address.href, validator: tag, length: 300_000, sha256: sha256(content) };
  Deno.writeFileSync(folder.at("f.part"), content);
  Deno.writeTextFileSync(folder.at("f.part.json"), JSON.stringify(record));
  assertEquals((await download(server.address, folder.at("f"), impatient)).resumedBytes, 300_000);
  assertEquals(server.requests.length, 0);
  assertEquals(folder.names(), ["f"]);
});

Deno.test("without anything to know the version by, the file is downloaded anew", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(100_000, "breaks", serve(content, {})), serve(content, {}));
  const result = await download(server.address, folder.at("f"), impatient);
  assertEquals(server.ranges, ["all", "all"]);
  assertEquals([result.isVerified, result.bytes], [false, 300_000]);
});

Deno.test("a modification date will do to resume", async () => {
  using folder = new TemporaryFolder();
  const headers = { "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT", etag: 'W/"weak"' };
  await using server = new ListedServer(cut(100_000, "breaks", serve(content, headers)), serve(content, headers));
  await download(server.address, folder.at("f"), impatient);
  assertEquals(server.requests[1].get("if-range"), headers["last-modified"]);
});

Deno.test("a server that is busy for a moment is asked again, when it says", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(failing(500), failing(429, { "retry-after": "0" }), serve(content));
  await download(server.address, folder.at("f"), impatient);
  assertEquals(server.requests.length, 3);
});

Deno.test("a refusal is final and names what to do", async () => {
  using folder = new TemporaryFolder();
  for (
    const [status, message] of [[404, "404 Not Found; the file has moved"], [403, "may need an account"], [400, "400"]]
  ) {
    await using server = new ListedServer(failing(status as number));
    const error = await assertRejects(() => download(server.address, folder.at("f"), impatient), Error);
    assertStringIncludes(error.message, message as string);
    assertEquals(server.requests.length, 1);
  }
  assertEquals(folder.names(), []);
});

Deno.test("nobody listening is an error after as many attempts as allowed", async () => {
  using folder = new TemporaryFolder();
  const server = new ListedServer(failing(500));
  const { address } = server;
  await server[Symbol.asyncDispose]();
  await assertRejects(() => download(address, folder.at("f"), impatient), Error, "(3 attempts failed)");
  assertEquals(folder.names(), []);
});

Deno.test({
  name: "without the permission to reach the server, the error names the flag",
  permissions: { read: true, write: true, net: [], env: true, sys: true },
  async fn() {
    using folder = new TemporaryFolder();
    const address = new URL("http://localhost:8080/file.txt");
    await assertRejects(() => download(address, folder.at("f")), Error, "try --allow-net=localhost:8080");
  },
});

Deno.test("too little space is noticed before the first byte is written", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  const options = { ...impatient, freeBytes: () => Promise.resolve(299_000) };
  const error = await assertRejects(() => download(server.address, folder.at("f"), options), Error);
  assertMatch(error.message, /300000 bytes are to come, and .* has room for 299000; free at least 1000 bytes/);
  assertEquals(folder.names(), []);
});

Deno.test("a disk that is full in the middle is an error that says so, and the part stays", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  const { write } = Deno.FsFile.prototype;
  let room = 5000;
  Deno.FsFile.prototype.write = function (bytes) {
    if (room === 0) return Promise.reject(new Error("No space left on device (os error 28)"));
    const part = bytes.subarray(0, room);
    room -= part.length;
    return write.call(this, part);
  };
  try {
    const error = await assertRejects(() => download(server.address, folder.at("f"), impatient), Error);
    assertMatch(error.message, /No space left on device \(os error 28\) after 5000 bytes; make room and try again/);
  } finally {
    Deno.FsFile.prototype.write = write;
  }
  assertEquals(server.requests.length, 1);
  assertEquals((await download(server.address, folder.at("f"), impatient)).resumedBytes, 5000);
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

Deno.test("a file that is there is compared, and never overwritten", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  Deno.writeFileSync(folder.at("f"), content);
  const { wasThere, isVerified } = await download(server.address, folder.at("f"), impatient);
  assert(wasThere && isVerified);
  Deno.writeTextFileSync(folder.at("f"), "mine");
  await assertRejects(() => download(server.address, folder.at("f"), impatient), Error, "is another file (its SHA-256");
  assertEquals(Deno.readTextFileSync(folder.at("f")), "mine");
  await using nameless = new ListedServer(serve(content, {}));
  await assertRejects(
    () => download(nameless.address, folder.at("f")),
    Error,
    "(it has 4 bytes, the one there 300000)",
  );
});

Deno.test("an abort stops at once and keeps the part", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(100_000, "stalls", serve(content)));
  const controller = new AbortController();
  const options = { signal: controller.signal, onProgress: () => controller.abort(new Error("stopped by hand")) };
  await assertRejects(() => download(server.address, folder.at("f"), options), Error, "stopped by hand");
  assertEquals(folder.names(), ["f.part", "f.part.json"]);
});

Deno.test("two downloads to one place do not mix", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(cut(100_000, "stalls", serve(content)), serve(content));
  const first = download(server.address, folder.at("f"), { ...impatient, stallMilliseconds: 400 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await assertRejects(() => download(server.address, folder.at("f")), Error, "another process is downloading it");
  await first;
  assertEquals(Deno.readFileSync(folder.at("f")), content);
});

/** Lets something happen just before the next lock is taken, as if another process did it. */
function beforeNextLock(happens: () => void): Disposable {
  const { tryLock } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.tryLock = function (exclusive) {
    Deno.FsFile.prototype.tryLock = tryLock;
    happens();
    return tryLock.call(this, exclusive);
  };
  return { [Symbol.dispose]: () => Deno.FsFile.prototype.tryLock = tryLock };
}

Deno.test("a file that another process puts in place while its part is opened is left as it is", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  Deno.writeFileSync(folder.at("f.part"), content);
  using _finished = beforeNextLock(() => Deno.renameSync(folder.at("f.part"), folder.at("f")));
  await assertRejects(() => download(server.address, folder.at("f")), Error, "another process is downloading it");
  assertEquals(Deno.readFileSync(folder.at("f")), content);
  assertEquals(folder.names(), ["f"]);
});

Deno.test("a file that another process finished before the part was opened is compared, not replaced", async () => {
  using folder = new TemporaryFolder();
  await using server = new ListedServer(serve(content));
  using _finished = beforeNextLock(() => Deno.writeFileSync(folder.at("f"), content));
  assert((await download(server.address, folder.at("f"))).wasThere);
  assertEquals(folder.names(), ["f"]);
});
