import { z } from "zod";
import { ReadOnlyFolder } from "../lib/dashboard/read_only_folder.ts";
import { RunReader } from "../lib/dashboard/run_reader.ts";
import { experimentLog } from "../lib/experiments/experiment_log.ts";
import { writeAnswer } from "../lib/experiments/write_answer.ts";
import { runScript } from "./frame/run_script.ts";

await runScript({
  name: "experiment_log",
  summary: "problem experiment_log: a written log of all runs, from their own records",
  options: z.object({
    runs: z.string().default("runs").describe("folder of the runs"),
    out: z.string().default("results/experiment_log").describe("folder for the log"),
  }),
  permissions: "experiment_log",
}, ({ runs: folder, out }, report) => {
  const reader = new RunReader(new ReadOnlyFolder(folder));
  const names = reader.names();
  // An empty log would take the place of one that is kept.
  if (names.length === 0) {
    throw new Error(
      `Cannot write a log: there is no run below ${folder}; deno task experiments makes some, or give --runs`,
    );
  }
  const log = experimentLog(names.map((name) => reader.read(name)));
  writeAnswer(out, log);
  for (const paragraph of log.verdict) report.say(paragraph);
  for (const { title, columns, rows } of log.tables) {
    report.table(title, columns, rows.map((row) => row.map((cell) => cell ?? null)));
  }
  report.result("log", `${out}/index.html`);
});
