/** A failure that may pass by itself: the network, a busy server. Trying again makes sense. */
export class TransientError extends Error {
  /** How long the server asked to wait, in milliseconds, where it did. */
  readonly waitMilliseconds?: number;

  /** A failure, and perhaps the time after which to try again. */
  constructor(message: string, options: ErrorOptions & { waitMilliseconds?: number } = {}) {
    super(message, options);
    this.waitMilliseconds = options.waitMilliseconds;
  }
}

/** What a server answered to the request for a file. */
export interface FileResponse {
  /** 200: the whole file follows; 206: the part that was asked for; 416: the file has no such part. */
  status: 200 | 206 | 416;
  /** The bytes; undefined where there are none. */
  body: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
  /** Offset of the first byte of `body` in the file. */
  start: number;
  /** Size of the whole file, in bytes, where the server says so. */
  length: number | undefined;
  /** Names this very version of the file to the server that sends it, for `If-Range`. */
  validator: string | undefined;
  /** SHA-256 of the whole file in hexadecimal, where the server says so. */
  sha256: string | undefined;
}

/** Which part of a file to ask for. */
export interface FileRequest {
  /** First byte wanted. */
  offset: number;
  /** Ask for the part only if the file still is this version. */
  validator?: string;
  /** Gives up when aborted. */
  signal: AbortSignal;
}

const MAX_REDIRECTS = 10;

/**
 * Asks for a file or the rest of it. Redirects are followed by hand, because Hugging Face names the file's SHA-256 on
 * the first answer only (`X-Linked-ETag`), which redirects to a content server.
 *
 * @throws {TransientError} If the network fails or the server is busy (408, 429, 5xx).
 * @throws {Error} If Deno may not reach the host, or the server refuses for good.
 */
export async function requestFile(address: URL, request: FileRequest): Promise<FileResponse> {
  const { offset, validator, signal } = request;
  // Packed in transit, a file would have other offsets and another length.
  const headers = new Headers({ "accept-encoding": "identity" });
  if (offset > 0) headers.set("range", `bytes=${offset}-`);
  if (offset > 0 && validator !== undefined) headers.set("if-range", validator);
  let sha256: string | undefined;
  let at = address;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(at, headers, signal);
    sha256 ??= sha256In(response.headers.get("x-linked-etag"));
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      const next = URL.parse(location, at);
      if (
        next === null || !/^https?:$/.test(next.protocol) || (at.protocol === "https:" && next.protocol === "http:")
      ) {
        throw new Error(`Cannot download ${address}: ${at.host} redirects to ${location}, which is not a safe address`);
      }
      at = next;
      continue;
    }
    if (response.status === 200 || response.status === 206 || response.status === 416) {
      return await describe(response, at, response.status, sha256, offset);
    }
    await response.body?.cancel();
    throw refusal(address, at, response);
  }
  throw new Error(`Cannot download ${address}: it redirects more than ${MAX_REDIRECTS} times; try another address`);
}

async function send(at: URL, headers: Headers, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(at, { headers, signal, redirect: "manual" });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof Deno.errors.NotCapable) {
      throw new Error(`Cannot download from ${at.host}: Deno may not reach it; try --allow-net=${at.host}`, {
        cause: error,
      });
    }
    throw new TransientError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function describe(
  response: Response,
  at: URL,
  status: 200 | 206 | 416,
  sha256: string | undefined,
  offset: number,
): Promise<FileResponse> {
  const { headers } = response;
  const tag = headers.get("etag");
  const validator = tag?.startsWith('"') ? tag : headers.get("last-modified") ?? undefined;
  const plain = { validator, sha256: sha256 ?? sha256In(tag) };
  if (status === 416) {
    await response.body?.cancel();
    return { ...plain, status, body: undefined, start: 0, length: undefined };
  }
  const body = response.body ?? undefined;
  if (status === 200) {
    const length = headers.get("content-length");
    return { ...plain, status, body, start: 0, length: length === null ? undefined : Number(length) };
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  if (range === null || Number(range[1]) !== offset) {
    await body?.cancel();
    throw new Error(
      `Cannot download from ${at.host}: bytes from ${offset} on were asked for, and it sends ` +
        `"${headers.get("content-range")}"; try another address`,
    );
  }
  return { ...plain, status, body, start: offset, length: range[2] === "*" ? undefined : Number(range[2]) };
}

function refusal(address: URL, at: URL, response: Response): Error {
  const answer = `${at.host} answers ${response.status} ${response.statusText}`.trimEnd();
  if (response.status >= 500 || response.status === 429 || response.status === 408) {
    const seconds = Number(response.headers.get("retry-after") ?? NaN);
    return new TransientError(answer, { waitMilliseconds: seconds >= 0 ? 1000 * Math.min(seconds, 120) : undefined });
  }
  const advice = response.status === 404 || response.status === 410
    ? "the file has moved or never was there"
    : response.status === 401 || response.status === 403
    ? "the file may need an account or its terms accepted"
    : "it is not available there";
  return new Error(`Cannot download ${address}: ${answer}; ${advice}, try another address`);
}

function sha256In(tag: string | null): string | undefined {
  return /^"?([0-9a-f]{64})"?$/i.exec(tag ?? "")?.[1].toLowerCase();
}
