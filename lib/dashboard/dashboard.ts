import { withQuery } from "./addresses.ts";
import { changeEvents } from "./change_events.ts";
import { comparePage } from "./compare_page.ts";
import { curveAxis } from "./curves.ts";
import { messagePage } from "./message_page.ts";
import { ReadOnlyFolder } from "./read_only_folder.ts";
import { refusal } from "./refusal.ts";
import { runPage } from "./run_page.ts";
import { RunReader } from "./run_reader.ts";
import { runsPage } from "./runs_page.ts";
import { secured } from "./secured.ts";
import { script, style } from "./static_files.ts";
import { tokenizerPage } from "./tokenizer_page.ts";
import { TokenizerReader } from "./tokenizer_reader.ts";

/** Where a dashboard looks, and how long it lives. */
export interface DashboardOptions {
  /** Folder of the runs. */
  runs: string;
  /** Another folder in which tokenizers may be. */
  data: string;
  /** Ends the streams of events, which have no end of their own. */
  signal: AbortSignal;
  /** Time between two looks for something new. */
  lookEveryMilliseconds?: number;
}

// More curves in one chart than this cannot be told apart.
const MOST_COMPARED = 10;
const MOST_SAMPLES = 20;

/**
 * The dashboard as a function from requests to responses: reads what is in its folders, writes nothing, asks nobody
 * else.
 */
export class Dashboard {
  readonly runs: RunReader;
  readonly tokenizers: TokenizerReader;
  readonly #options: DashboardOptions;

  /** @param options Folders that do not exist yet are empty. */
  constructor(options: DashboardOptions) {
    const runs = new ReadOnlyFolder(options.runs);
    this.runs = new RunReader(runs);
    this.tokenizers = new TokenizerReader([runs, new ReadOnlyFolder(options.data)]);
    this.#options = options;
  }

  /** Answers a request; what goes wrong on the way is said in the answer. */
  readonly handle = async (request: Request): Promise<Response> => {
    const response = refusal(request) ?? await this.#answer(new URL(request.url)).catch(failed);
    if (request.method !== "HEAD") return secured(response);
    await response.body?.cancel();
    return secured(new Response(null, response));
  };

  async #answer({ pathname, searchParams }: URL): Promise<Response> {
    if (pathname.startsWith("/runs/")) return await this.#runPage(pathname, searchParams);
    switch (pathname) {
      case "/":
        return await this.#runsPage(searchParams);
      case "/compare":
        return await this.#comparePage(searchParams);
      case "/tokenizer":
        return await this.#tokenizerPage(searchParams);
      case "/events":
        return this.#events(searchParams);
      case "/style.css":
        return new Response(style, { headers: { "content-type": "text/css; charset=utf-8" } });
      case "/script.js":
        return new Response(script, { headers: { "content-type": "text/javascript; charset=utf-8" } });
      default:
        return html(messagePage("Nothing here", "No page has this address."), 404);
    }
  }

  async #runsPage(query: URLSearchParams): Promise<Response> {
    const runs = this.runs.names().map((name) => this.runs.read(name));
    return html(await runsPage(runs, { path: "/", query: [], axis: curveAxis(query.get("x")) }));
  }

  async #runPage(pathname: string, query: URLSearchParams): Promise<Response> {
    const name = decodedPath(pathname.slice("/runs/".length));
    if (name === undefined || !this.runs.names().includes(name)) return noSuchRun(name);
    const run = this.runs.read(name);
    const samples = this.runs.samples(name, MOST_SAMPLES);
    const tokenizer = this.#tokenizerAddress(run.config);
    return html(await runPage(run, { axis: curveAxis(query.get("x")), samples, tokenizer }));
  }

  async #comparePage(query: URLSearchParams): Promise<Response> {
    const names = new Set(query.getAll("run"));
    if (names.size === 0 || names.size > MOST_COMPARED) {
      const message = `Cannot compare ${names.size} runs: pick 1 to ${MOST_COMPARED} of them on the first page.`;
      return html(messagePage("Which runs?", message), 400);
    }
    const known = new Set(this.runs.names());
    const unknown = [...names].find((name) => !known.has(name));
    if (unknown !== undefined) return noSuchRun(unknown);
    const compared = [...names].map((name) => ({ run: this.runs.read(name), sample: this.runs.samples(name, 1)[0] }));
    return html(await comparePage(compared, curveAxis(query.get("x"))));
  }

  async #tokenizerPage(query: URLSearchParams): Promise<Response> {
    const names = this.tokenizers.names();
    const name = query.get("folder") ?? names[0];
    const tokenizer = await this.tokenizers.load(name).catch((error) => error as Error);
    const text = (query.get("text") ?? DEFAULT_TEXT).replaceAll("\r\n", "\n"); // how forms send line breaks
    return html(tokenizerPage({ names, name, tokenizer, text }));
  }

  #tokenizerAddress(config: unknown): string | undefined {
    const folder = this.tokenizers.names().find((name) =>
      (config as { tokenizer?: unknown } | null)?.tokenizer === name
    );
    return folder && withQuery("/tokenizer", [["folder", folder]]);
  }

  #events(query: URLSearchParams): Response {
    const asked = query.getAll("run");
    const stamp = () =>
      this.runs.names().filter((name) => asked.length === 0 || asked.includes(name))
        .map((name) => this.runs.stamp(name)).join("\n");
    const { signal, lookEveryMilliseconds = 2000 } = this.#options;
    return changeEvents({ stamp, milliseconds: lookEveryMilliseconds, signal });
  }
}

const DEFAULT_TEXT = "Once upon a time, Lily found a shiny red ball.\nIt wasn't hers: naïve café, 日本語, 🙂.";

/** A path with its escapes taken back; undefined where they are no text. */
function decodedPath(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function noSuchRun(name: string | undefined): Response {
  return html(messagePage("No such run", `Cannot show ${name ?? "this"}: no run of this name is there.`), 404);
}

function failed(error: unknown): Response {
  const message = error instanceof Error ? error.message : String(error);
  return html(messagePage("This did not work", message), 500);
}

function html(page: string, status = 200): Response {
  return new Response(page, { status, headers: { "content-type": "text/html; charset=utf-8" } });
}
