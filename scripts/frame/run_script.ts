import type { z } from "zod";
import { explainError } from "./explain_error.ts";
import { helpText } from "./help.ts";
import { asksForHelp, parseOptions } from "./parse_options.ts";
import { type Output, Report } from "./report.ts";
import type { ScriptDefinition } from "./script_definition.ts";
import { terminalColumns } from "./terminal_columns.ts";
import { UsageError } from "./usage_error.ts";
import { NoReaderError, writeText, writeToStderr } from "./write_text.ts";

/** The work of a task. */
export type ScriptMain<Schema extends z.ZodObject> = (
  options: z.output<Schema>,
  report: Report,
) => void | Promise<void>;

/**
 * Runs a task from the command line: reads the options by the schema, answers `--help`, does the work, prints the
 * report, and ends the process with exit code 0, 1 for a failure, 2 for a wrong command line, 130 after Ctrl-C.
 */
export async function runScript<Schema extends z.ZodObject>(
  script: ScriptDefinition<Schema>,
  main: ScriptMain<Schema>,
): Promise<void> {
  const code = await execute(script, main, Deno.args, {
    stdout: (text) => writeText(Deno.stdout, text),
    stderr: writeToStderr,
    atTerminal: Deno.stderr.isTerminal(),
    columns: terminalColumns(Deno.stdout),
  });
  if (code !== 0) Deno.exit(code);
}

/** {@linkcode runScript} without the process: returns the exit code. */
export async function execute<Schema extends z.ZodObject>(
  script: ScriptDefinition<Schema>,
  main: ScriptMain<Schema>,
  args: readonly string[],
  output: Output,
): Promise<number> {
  let report: Report | undefined;
  try {
    if (asksForHelp(args)) {
      output.stdout(helpText(script, output.columns) + "\n");
      return 0;
    }
    const { options, json } = parseOptions(args, script.options, script.positional);
    report = new Report(json, output);
    await main(options, report);
    report.finish(script.name, options);
    report.close();
    return 0;
  } catch (error) {
    report?.close();
    // A reader that went away is no failure of the task.
    if (error instanceof NoReaderError) return 0;
    const interrupted = error instanceof Error && /^Stopped by a signal/.test(error.message);
    output.stderr(`${explainError(error, script, args)}\n`);
    return interrupted ? 130 : error instanceof UsageError ? 2 : 1;
  }
}
