import { z } from "zod";
import { Dashboard } from "../lib/dashboard/dashboard.ts";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  port: z.int().min(0).max(65535).default(7337).describe("port on 127.0.0.1; 0 takes any that is free"),
});

await runScript({
  name: "dashboard",
  summary: "shows runs/ as a local page: live curves, comparison of runs, samples, and texts as tokens",
  options: Options,
  permissions: "dashboard",
  details: "Read-only, and for this machine only. Ctrl-C ends it.",
}, async (options, report) => {
  const { port } = options;
  const { signal } = report;
  const dashboard = new Dashboard({ runs: "runs", data: "data", signal });
  report.result("runs", dashboard.runs.names().length);
  report.result("tokenizers", dashboard.tokenizers.names().length);
  const server = serve(port, dashboard.handle);
  signal.addEventListener("abort", () => server.shutdown());
  report.result("address", `http://127.0.0.1:${server.addr.port}/`);
  report.say("Ctrl-C ends it.");
  report.finish("dashboard", options);
  await server.finished;
});

function serve(port: number, handler: Deno.ServeHandler): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, handler);
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(
      `Cannot listen on 127.0.0.1:${port}: another program does, maybe another dashboard; try --port ${port + 1}`,
      { cause: error },
    );
  }
}
