// Names under which the page is asked for. Any port: a tunnel may end at another one than ours.
const LOOPBACK_NAMES = ["127.0.0.1", "localhost"];

/**
 * Why a request is not answered, or undefined if it is. The page shows what lies on somebody's disk to that person
 * alone: it is asked for by GET or HEAD, under a name of this machine (a foreign name that leads here is DNS
 * rebinding), and not from within a page of another site, though a link there may lead here.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const request = new Request("http://127.0.0.1/", { method: "POST", headers: { host: "localhost:7337" } });
 * assertEquals(refusal(request)?.status, 405);
 * ```
 */
export function refusal(request: Request): Response | undefined {
  const { method, headers } = request;
  if (method !== "GET" && method !== "HEAD") {
    const message = `Cannot answer ${method}: the dashboard is read-only; try GET or HEAD.\n`;
    return new Response(message, { status: 405, headers: { allow: "GET, HEAD" } });
  }
  const host = headers.get("host") ?? "";
  if (!LOOPBACK_NAMES.includes(host.replace(/:\d*$/, "").toLowerCase())) {
    const message = `Cannot answer as host ${host}: the dashboard is for this machine only; try 127.0.0.1.\n`;
    return new Response(message, { status: 421 });
  }
  const site = headers.get("sec-fetch-site") ?? "none";
  const isOurs = site === "none" || site === "same-origin";
  if (!isOurs && headers.get("sec-fetch-mode") !== "navigate") {
    return new Response("Cannot answer a page of another site; open the dashboard by itself.\n", { status: 403 });
  }
}
