// Chromium without a window, led by the DevTools protocol: JSON messages on a WebSocket.

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

// Without a window, a sandbox (which root and containers lack) and whatever a browser does for itself on the network.
const SWITCHES = [
  ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
  ...["--disable-background-networking", "--disable-component-update", "--disable-sync"],
];

// Nothing takes this long unless the machine is overloaded.
const LONGEST_WAIT_MILLISECONDS = 30_000;

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { message: string };
}

/** Where Chromium is, or why there is none. */
export function findChromium(): { path: string; skipped?: undefined } | { path?: undefined; skipped: string } {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  for (const path of NAMES.flatMap((name) => folders.map((folder) => `${folder}/${name}`))) {
    try {
      if (Deno.statSync(path).isFile) return { path };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    }
  }
  return { skipped: "Chromium is not installed; on Debian: apt-get install chromium" };
}

/** One page in a browser of its own, with an empty profile; disposing of it ends the browser. */
export class BrowserPage implements AsyncDisposable {
  /** What the page complained about: errors and warnings on its console, exceptions, failed or forbidden loads. */
  readonly problems: string[] = [];
  /** Addresses that it asked for. */
  readonly requests: string[] = [];
  readonly #browser: Deno.ChildProcess;
  readonly #profile: string;
  readonly #socket: WebSocket;
  readonly #waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #lastId = 0;

  private constructor(browser: Deno.ChildProcess, profile: string, socket: WebSocket) {
    this.#browser = browser;
    this.#profile = profile;
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(data));
  }

  /** Starts Chromium with an empty page. */
  static async open(path: string): Promise<BrowserPage> {
    const profile = await Deno.makeTempDir({ prefix: "denolm_chromium_" });
    const browser = new Deno.Command(path, {
      args: [...SWITCHES, `--user-data-dir=${profile}`, "--remote-debugging-port=0", "about:blank"],
      ...{ stdin: "null", stdout: "null", stderr: "null" },
    }).spawn();
    try {
      const page = new BrowserPage(browser, profile, await connect(profile));
      for (const domain of ["Page", "Runtime", "Log", "Network"]) await page.send(`${domain}.enable`);
      return page;
    } catch (error) {
      browser.kill();
      await browser.status;
      throw error;
    }
  }

  /** Sends a command of the protocol and waits for its result. */
  async send(method: string, params: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#waiting.set(id, answer);
    this.#socket.send(JSON.stringify({ id, method, params }));
    return await answer.promise;
  }

  /** Goes to an address and waits until the page there is complete. */
  async goTo(address: string): Promise<void> {
    await this.send("Page.navigate", { url: address });
    await this.waitFor(`location.href === ${JSON.stringify(address)} && document.readyState === "complete"`);
  }

  /** The value of a JavaScript expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails) throw new Error(`Cannot evaluate ${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as { value: unknown }).value;
  }

  /** Waits until an expression is true in the page. */
  async waitFor(expression: string): Promise<void> {
    await until(async () => await this.evaluate(expression) ? true : undefined, expression);
  }

  /** Types text where the focus is. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Presses a key that types no text. */
  async press(key: "Tab" | "Enter" | "Space"): Promise<void> {
    const [name, code, text] = { Tab: ["Tab", 9, ""], Enter: ["Enter", 13, "\r"], Space: [" ", 32, " "] }[key];
    const event = { key: name, code: key, windowsVirtualKeyCode: code };
    await this.send("Input.dispatchKeyEvent", { ...event, type: "keyDown", ...(text !== "" && { text }) });
    await this.send("Input.dispatchKeyEvent", { ...event, type: "keyUp" });
  }

  /** A picture of what the window shows. */
  async screenshot(): Promise<Uint8Array> {
    const { data } = await this.send("Page.captureScreenshot", { captureBeyondViewport: true });
    return Uint8Array.fromBase64(data as string);
  }

  #receive({ id, method, params, result, error }: Message): void {
    if (id !== undefined) {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error.message));
      else waiting?.resolve(result ?? {});
    } else if (method === "Network.requestWillBeSent") {
      this.requests.push((params as { request: { url: string } }).request.url);
    } else if (method === "Runtime.exceptionThrown" || isComplaint(method, params)) {
      this.problems.push(JSON.stringify(params));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#socket.onclose = resolve);
    this.#socket.send(JSON.stringify({ id: ++this.#lastId, method: "Browser.close" }));
    await Promise.all([closed, this.#browser.status]);
    // The browser's children end after it, and until then may write into the profile.
    await until(() => (Deno.removeSync(this.#profile, { recursive: true }), true), "the end of the browser");
  }
}

/** The connection to the one page of a browser that starts with a profile. */
async function connect(profile: string): Promise<WebSocket> {
  const port = await until(() => Deno.readTextFileSync(`${profile}/DevToolsActivePort`).split("\n")[0] || undefined);
  const page = await until(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/json/list`);
    const targets: { type: string; webSocketDebuggerUrl: string }[] = await answer.json();
    return targets.find(({ type }) => type === "page");
  });
  const socket = new WebSocket(page.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  return socket;
}

function isComplaint(method: string | undefined, params: unknown): boolean {
  if (method === "Log.entryAdded") {
    return ["error", "warning"].includes((params as { entry: { level: string } }).entry.level);
  }
  return method === "Runtime.consoleAPICalled" &&
    ["error", "warning", "assert"].includes((params as { type: string }).type);
}

/** Looks until there is something, and returns it. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>, what = "the browser"): Promise<T> {
  const end = Date.now() + LONGEST_WAIT_MILLISECONDS;
  for (let lastError: unknown;;) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      // It is not there yet: a page that is being replaced has no values, a browser that starts has no port.
      lastError = error;
    }
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}`, { cause: lastError });
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
