import { createHash } from "node:crypto";
import { freeBytes } from "./free_space.ts";
import { type FileResponse, requestFile, TransientError } from "./http_request.ts";
import { PartialFile } from "./partial_file.ts";
import type { OnProgress } from "./progress.ts";

/** What to download, and how patiently. */
export interface DownloadOptions {
  /** SHA-256 that the file must have, in hexadecimal; default: the one that the server names, if it does. */
  sha256?: string;
  /** Failures in a row, none of which brought a new byte, after which to give up. Default 5. */
  attempts?: number;
  /** Wait before the second attempt, in milliseconds; doubled for each one after. Default 1,000. */
  backoffMilliseconds?: number;
  /** A connection that brings nothing for this long, in milliseconds, has failed. Default 30,000. */
  stallMilliseconds?: number;
  /** Bytes that the folder's file system still takes; replaced in tests. */
  freeBytes?: (folder: string) => Promise<number | undefined>;
  /** Hears how far the download is. */
  onProgress?: OnProgress;
  /** Stops the download when aborted; what has come is kept. */
  signal?: AbortSignal;
}

/** How a download went. */
export interface DownloadResult {
  /** Size of the file, in bytes. */
  bytes: number;
  /** Its SHA-256, in hexadecimal. */
  sha256: string;
  /** Whether there was a checksum to compare with. */
  isVerified: boolean;
  /** Bytes that were there from an earlier run. */
  resumedBytes: number;
  /** Whether the whole file was there already, so that nothing was downloaded. */
  wasThere: boolean;
}

/**
 * Downloads a file to `path`, whole or not at all. What has come so far is kept as `path.part` beside a record of its
 * version, and both this run after a failure and a later run go on from there, unless the file on the server has
 * changed. The file is compared with the SHA-256 that the caller or the server names (Hugging Face does in
 * `X-Linked-ETag`).
 *
 * A file that is at `path` already is never overwritten: it is compared with the server's.
 *
 * @param address An http or https address.
 * @param path Where the file shall be; its folder is made.
 * @throws {Error} If the server refuses, the disk is too small or full, the checksum differs, another file is at
 * `path`, or the network fails again and again; the message says what to do.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const server = Deno.serve({ port: 0, onListen() {} }, () => new Response("Once upon a time"));
 * const folder = Deno.makeTempDirSync();
 * const { bytes } = await download(new URL(`http://localhost:${server.addr.port}/story.txt`), `${folder}/story.txt`);
 * assertEquals([bytes, Deno.readTextFileSync(`${folder}/story.txt`)], [16, "Once upon a time"]);
 * Deno.removeSync(folder, { recursive: true });
 * await server.shutdown();
 * ```
 */
export async function download(address: URL, path: string, options: DownloadOptions = {}): Promise<DownloadResult> {
  const folder = folderOf(path);
  await Deno.mkdir(folder, { recursive: true });
  const transfer = new Transfer(address, path, options);
  if (!await isThere(path)) {
    using part = await transfer.openPart();
    // Another process may have finished the file just before the part became ours.
    if (!await isThere(path)) return await transfer.patiently(() => transfer.run(part, folder), part);
  }
  return await transfer.patiently(() => transfer.compareExisting());
}

/** One download, over as many connections as it takes. */
class Transfer {
  #address: URL;
  #path: string;
  #options: DownloadOptions;
  #name: string;
  #resumedBytes = 0;

  constructor(address: URL, path: string, options: DownloadOptions) {
    this.#address = address;
    this.#path = path;
    this.#options = options;
    this.#name = path.split("/").at(-1)!;
  }

  async openPart(): Promise<PartialFile> {
    const part = await PartialFile.open(this.#path, (done, total) => {
      this.#options.onProgress?.({ phase: `checking what there is of ${this.#name}`, done, total, unit: "bytes" });
    });
    this.#resumedBytes = part.bytes;
    return part;
  }

  /** Repeats an attempt while its failures may pass by themselves. */
  async patiently<Result>(attempt: () => Promise<Result>, part?: PartialFile): Promise<Result> {
    const { attempts = 5, backoffMilliseconds = 1000, signal } = this.#options;
    let furthest = part?.bytes ?? 0;
    for (let failures = 0;;) {
      signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        const bytes = part?.bytes ?? 0;
        // A server that breaks off but lets us get further each time is slow, not dead.
        if (bytes > furthest) failures = 0;
        furthest = Math.max(furthest, bytes);
        if (++failures >= attempts) {
          const kept = bytes > 0 ? `; ${bytes} bytes are kept in ${this.#path}.part` : "";
          throw new Error(
            `Cannot download ${this.#address}: ${error.message} (${failures} attempts failed)${kept}; ` +
              `try again later, it goes on where it stopped`,
            { cause: error },
          );
        }
        await pause(error.waitMilliseconds ?? backoffMilliseconds * 2 ** (failures - 1), signal);
      }
    }
  }

  /** One connection: asks for what is missing, takes it, and finishes when all is there. */
  async run(part: PartialFile, folder: string): Promise<DownloadResult> {
    // A part of another address is of another file; one that grew past its length is of none.
    const { version } = part;
    const isOurs = version?.address === this.#address.href && part.bytes <= (version.length ?? Infinity);
    const offset = isOurs && (version.validator ?? version.sha256) !== undefined ? part.bytes : 0;
    if (offset === 0) this.#resumedBytes = 0;
    if (!(isOurs && part.isWhole)) {
      using watch = new StallWatch(this.#options);
      const response = await this.#request(part, offset, watch);
      await this.#checkSpace(part, folder);
      await this.#receive(response, part, watch);
    }
    return await this.#finish(part);
  }

  /** Compares a file that is there with the server's. */
  async compareExisting(): Promise<DownloadResult> {
    const response = await this.#ask();
    const expected = this.#expected(response.sha256);
    const { size } = await Deno.stat(this.#path);
    const sha256 = await this.#hashExisting(size);
    if (expected === undefined ? response.length === size : expected === sha256) {
      return { bytes: size, sha256, isVerified: expected !== undefined, resumedBytes: 0, wasThere: true };
    }
    const difference = expected === undefined
      ? `it has ${size} bytes, the one there ${response.length ?? "an unknown number"}`
      : `its SHA-256 is ${sha256}, that of the one there ${expected}`;
    throw new Error(
      `Cannot download ${this.#address}: ${this.#path} is another file (${difference}); move or remove it, then try again`,
    );
  }

  /** What the server says of the file, without taking it. */
  async #ask(): Promise<FileResponse> {
    using watch = new StallWatch(this.#options);
    return await requestFile(this.#address, { offset: 0, signal: watch.signal });
  }

  async #request(part: PartialFile, offset: number, watch: StallWatch): Promise<FileResponse> {
    let response = await requestFile(this.#address, {
      offset,
      validator: part.version?.validator,
      signal: watch.signal,
    });
    const { version } = part;
    const hasChanged = response.status === 206 &&
      (differ(response.length, version?.length) || differ(response.sha256, version?.sha256) ||
        differ(response.validator, version?.validator));
    if (response.status === 416 || hasChanged) {
      response = await requestFile(this.#address, { offset: 0, signal: watch.signal });
    }
    if (response.status !== 200 && response.start === 0) {
      throw new TransientError(`the server answers ${response.status} to the request for the whole file`);
    }
    if (response.status === 200) {
      this.#resumedBytes = 0;
      const { validator, length, sha256 } = response;
      await part.begin({ address: this.#address.href, validator, length, sha256: this.#expected(sha256) });
    }
    return response;
  }

  async #receive(response: FileResponse, part: PartialFile, watch: StallWatch): Promise<void> {
    // A server that did not tell the length with the whole file may do so with a part of it.
    const length = part.version?.length ?? response.length;
    const reader = response.body?.getReader();
    for (let chunk = await watch.next(reader); chunk !== undefined; chunk = await watch.next(reader)) {
      try {
        await part.append(chunk);
      } catch (error) {
        throw new Error(
          `Cannot download to ${this.#path}: ${error instanceof Error ? error.message : error} after ${part.bytes} ` +
            `bytes; make room and try again, it goes on where it stopped`,
          { cause: error },
        );
      }
      this.#options.onProgress?.({
        phase: `downloading ${this.#name}`,
        done: part.bytes,
        total: length,
        unit: "bytes",
      });
    }
    if (length !== undefined && part.bytes < length) {
      throw new TransientError(`the connection ended after ${part.bytes} of ${length} bytes`);
    }
  }

  async #finish(part: PartialFile): Promise<DownloadResult> {
    const { bytes, version } = part;
    const sha256 = part.sha256();
    const expected = this.#expected(version?.sha256);
    const isRight = expected === undefined ? !differ(version?.length, bytes) : sha256 === expected;
    if (!isRight) {
      await part.discard();
      const difference = expected === undefined
        ? `${bytes} bytes came, and the server had promised ${version?.length}`
        : `its SHA-256 is ${sha256}, expected ${expected}`;
      throw new Error(
        `Cannot download ${this.#address}: what came is damaged (${difference}) and was removed; try again`,
      );
    }
    await part.commit();
    return { bytes, sha256, isVerified: expected !== undefined, resumedBytes: this.#resumedBytes, wasThere: false };
  }

  /** The checksum that the caller asks for, or the server's. */
  #expected(servers: string | undefined): string | undefined {
    const ours = this.#options.sha256?.toLowerCase();
    if (ours !== undefined && differ(ours, servers)) {
      throw new Error(
        `Cannot download ${this.#address}: the server has a file with SHA-256 ${servers}, expected ${ours}; ` +
          `it is another version, try another address`,
      );
    }
    return ours ?? servers;
  }

  async #checkSpace(part: PartialFile, folder: string): Promise<void> {
    const free = await (this.#options.freeBytes ?? freeBytes)(folder);
    const missing = (part.version?.length ?? 0) - part.bytes;
    if (free !== undefined && free < missing) {
      throw new Error(
        `Cannot download ${this.#address}: ${missing} bytes are to come, and ${folder} has room for ${free}; ` +
          `free at least ${missing - free} bytes and try again`,
      );
    }
  }

  async #hashExisting(total: number): Promise<string> {
    const hash = createHash("sha256");
    const phase = `checking ${this.#name}`;
    let done = 0;
    using file = await Deno.open(this.#path);
    const chunk = new Uint8Array(1 << 20);
    for (let count = await file.read(chunk); count !== null; count = await file.read(chunk)) {
      hash.update(chunk.subarray(0, count));
      done += count;
      this.#options.onProgress?.({ phase, done, total, unit: "bytes" });
      this.#options.signal?.throwIfAborted();
    }
    return hash.digest("hex");
  }
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

/** Aborts a connection that has brought nothing for a while, or when the caller says so. */
class StallWatch implements Disposable {
  readonly signal: AbortSignal;
  #controller = new AbortController();
  #milliseconds: number;
  #timer?: ReturnType<typeof setTimeout>;

  constructor({ stallMilliseconds = 30_000, signal }: DownloadOptions) {
    this.#milliseconds = stallMilliseconds;
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal;
    this.#wait();
  }

  /** The next bytes of a body; whatever fails here is the network's fault, not the disk's. */
  async next(body: BodyReader | undefined): Promise<Uint8Array<ArrayBuffer> | undefined> {
    // An abort between two reads may not reach the next one.
    this.signal.throwIfAborted();
    this.#wait();
    try {
      return (await body?.read())?.value;
    } catch (error) {
      if (this.signal.aborted) throw this.signal.reason;
      throw new TransientError(error instanceof Error ? error.message : String(error), { cause: error });
    } finally {
      clearTimeout(this.#timer); // Nobody waits for the network while the disk is at work.
    }
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#controller.abort(new TransientError(`no data came for ${this.#milliseconds / 1000} seconds`));
    }, this.#milliseconds);
  }

  /** Ends the connection, whatever of its body was left unread. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }
}

/** Whether two things that may be unknown are known to be different. */
function differ<Value>(one: Value | undefined, other: Value | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}

function folderOf(path: string): string {
  const end = Math.max(path.lastIndexOf("/"), Deno.build.os === "windows" ? path.lastIndexOf("\\") : -1);
  return end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".";
}

async function isThere(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
