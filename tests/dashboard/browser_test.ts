import { assert, assertEquals, assertGreater } from "@std/assert";
import { Dashboard } from "../../lib/dashboard/dashboard.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";
import { BrowserPage, findChromium } from "./chromium.ts";
import { appendMetrics, fallingLoss, writeRun, writeTokenizer } from "./run_folder.ts";

const { path: chromium, skipped } = findChromium();

Deno.test({
  name: `the dashboard in Chromium${skipped === undefined ? "" : ` (skipped: ${skipped})`}`,
  ignore: skipped !== undefined,
  fn: async (test) => {
    using top = new TemporaryFolder();
    const base = top.at("runs/base");
    writeRun(base, {
      config: { steps: 100, seed: 0 },
      metrics: fallingLoss(40, 5),
      samples: { 20: "A fox.", 40: "Two." },
    });
    writeRun(top.at("runs/other"), { config: { steps: 100, seed: 1 }, metrics: fallingLoss(40, 6) });
    await writeTokenizer(top.at("data/small"));

    await using server = new DashboardServer(top);
    const { address } = server;
    await using page = await BrowserPage.open(chromium!);

    await test.step("opens with all runs, and says that it follows them", async () => {
      await page.goTo(`${address}/`);
      assertEquals(await page.evaluate(`document.querySelectorAll("tbody tr").length`), 2);
      await page.waitFor(`document.querySelector("#connection").textContent === "live"`);
    });

    await test.step("draws curves in the ink of the reader's system", async () => {
      const inkAndPaper = async (scheme: string) => {
        const features = [{ name: "prefers-color-scheme", value: scheme }];
        await page.send("Emulation.setEmulatedMedia", { features });
        const color = (selector: string, name: string) =>
          page.evaluate(`getComputedStyle(document.querySelector("${selector}"))["${name}"]`);
        return [await color("figure svg text", "fill"), await color("body", "backgroundColor")];
      };
      await page.goTo(`${address}/runs/base`);
      assertGreater(
        await page.evaluate(`document.querySelector("figure svg").getBoundingClientRect().height`) as number,
        200,
      );
      const [lightInk, lightPaper] = await inkAndPaper("light");
      const [darkInk, darkPaper] = await inkAndPaper("dark");
      assertEquals(new Set([lightInk, darkInk, lightPaper, darkPaper]).size, 4);
    });

    await test.step("shows a new measurement by itself, and leaves what the reader did", async () => {
      await page.evaluate(`window.sameDocument = true; document.querySelector("#older").open = true; 0`);
      const curve = `document.querySelector(".curves path[aria-roledescription='line mark']").getAttribute("d")`;
      const before = await page.evaluate(curve);
      appendMetrics(base, { step: 50, tokens: 3200, seconds: 0.5, loss: 1.2345 });
      await page.waitFor(`document.querySelector("#figures").textContent.includes("1.2345")`);
      assert(await page.evaluate(curve) !== before);
      assertEquals(await page.evaluate(`window.sameDocument && document.querySelector("#older").open`), true);
    });

    await test.step("finds a run that has just begun", async () => {
      await page.goTo(`${address}/`);
      await page.evaluate(
        `document.querySelector("#pick-other").click(); document.querySelector("#pick-other").focus()`,
      );
      writeRun(top.at("runs/new"));
      await page.waitFor(`document.querySelectorAll("tbody tr").length === 3`);
      assertEquals(
        await page.evaluate(`document.querySelector("#pick-other").checked && document.activeElement.id`),
        "pick-other",
      );
    });

    await test.step("filters by words, also what comes later, and keeps what was picked", async () => {
      const rows = `[...document.querySelectorAll("tbody tr:not([hidden]) th")].map((cell) => cell.textContent).join()`;
      await page.evaluate(`document.querySelector("[type=search]").focus()`);
      await page.type("ba SE");
      await page.waitFor(`${rows} === "base"`);
      appendMetrics(base, { step: 55, tokens: 3520, seconds: 0.55, loss: 1.1111 });
      await page.waitFor(`document.querySelector("tbody").textContent.includes("1.1111")`);
      assertEquals(await page.evaluate(rows), "base");
      assertEquals(await page.evaluate(`document.querySelector("#pick-other").checked`), true);
    });

    await test.step("compares runs that are picked by keyboard", async () => {
      await page.goTo(`${address}/`);
      for (const name of ["base", "other"]) {
        await page.evaluate(`document.querySelector("#pick-${name}").focus()`);
        await page.press("Space");
      }
      await page.press("Enter");
      await page.waitFor(`location.pathname === "/compare" && document.readyState === "complete"`);
      const labels = `[...document.querySelectorAll("figure svg text")].map((label) => label.textContent)`;
      for (const name of ["base", "other"]) {
        assertEquals(await page.evaluate(`${labels}.includes("${name}")`), true, name);
      }
      assertEquals(await page.evaluate(`document.querySelector("#configuration tbody").textContent.trim()`), "seed01");
    });

    await test.step("draws the comparison against time", async () => {
      await page.evaluate(`document.querySelector("#x-seconds").click()`);
      await page.waitFor(`document.querySelector("#x-seconds")?.getAttribute("aria-current") === "true"`);
      const title =
        `[...document.querySelectorAll("figure svg text")].some((text) => text.textContent.startsWith("wall-clock"))`;
      assertEquals(await page.evaluate(title), true);
    });

    await test.step("shows tokens while text is typed", async () => {
      await page.goTo(`${address}/tokenizer`);
      await page.evaluate(`document.querySelector("#text").select(); document.querySelector("#text").focus()`);
      await page.type("the hat");
      const tokens =
        `[...document.querySelectorAll(".token > span:first-child")].map((token) => token.textContent).join("|")`;
      await page.waitFor(`${tokens} === "the|·hat"`);
      assertEquals(await page.evaluate(`new URL(location.href).searchParams.get("text")`), "the hat");
    });

    await test.step("fits a phone", async () => {
      const phone = { width: 390, height: 800, deviceScaleFactor: 2, mobile: true };
      await page.send("Emulation.setDeviceMetricsOverride", phone);
      for (const path of ["/", "/runs/base", "/compare?run=base&run=other", "/tokenizer"]) {
        await page.goTo(address + path);
        assertEquals(await page.evaluate(`document.documentElement.scrollWidth`), 390, path);
      }
    });

    await test.step("says that the server has gone, and shows all when it is back", async () => {
      await page.goTo(`${address}/runs/base`);
      await page.waitFor(`document.querySelector("#connection").textContent === "live"`);
      assertEquals(page.problems, []); // up to here; that the server is gone will be one
      await server.stop();
      await page.waitFor(`document.querySelector("#connection").textContent === "not connected"`);
      appendMetrics(base, { step: 60, tokens: 3840, seconds: 0.6, loss: 0.9876 });
      server.start();
      await page.waitFor(`document.querySelector("#figures").textContent.includes("0.9876")`);
    });

    await test.step("asks nobody but its own server", () => {
      const elsewhere = page.requests.filter((request) =>
        !request.startsWith(`${address}/`) && !/^(data|about):/.test(request)
      );
      assertEquals(elsewhere, []);
    });
  },
});

/** A dashboard over a folder, that can go away and come back at the same address. */
class DashboardServer implements AsyncDisposable {
  readonly address: string;
  #top: TemporaryFolder;
  #port = 0;
  #server?: Deno.HttpServer<Deno.NetAddr>;
  #end = new AbortController();

  constructor(top: TemporaryFolder) {
    this.#top = top;
    this.start();
    this.address = `http://127.0.0.1:${this.#port}`;
  }

  start(): void {
    this.#end = new AbortController();
    const options = { runs: this.#top.at("runs"), data: this.#top.at("data"), lookEveryMilliseconds: 50 };
    const { handle } = new Dashboard({ ...options, signal: this.#end.signal });
    const { signal } = this.#end;
    this.#server = Deno.serve({ hostname: "127.0.0.1", port: this.#port, signal, onListen() {} }, handle);
    this.#port = this.#server.addr.port;
  }

  async stop(): Promise<void> {
    this.#end.abort();
    await this.#server!.finished;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
