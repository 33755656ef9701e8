import { quoteWord } from "./command_line.ts";
import type { ScriptDefinition } from "./script_definition.ts";

// "Cannot read FILE: it is no ..." is for the person who reads it, whatever its class. What the engine says of a defect
// ("Cannot read properties of undefined") has no colon, with one exception.
const MESSAGE_OF_OURS = /^Cannot (?!redefine property)[^:\n]+: /;

/**
 * What a person is told when a task fails: the message of an expected error by itself, the file that is not there, the
 * missing permission and how to grant it, or, for a defect of ours, the stack as well.
 */
export function explainError(
  error: unknown,
  script: Pick<ScriptDefinition, "name" | "permissions">,
  args: readonly string[],
): string {
  if (!(error instanceof Error)) return `Failed: ${String(error)}`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Deno.errors.NotCapable) return explainPermission(cause, script, args);
  }
  const isOfTheEngine = error instanceof TypeError || error instanceof ReferenceError || error instanceof SyntaxError;
  if (error instanceof Deno.errors.NotFound) return explainMissingFile(error);
  if (error instanceof Deno.errors.IsADirectory) return explainFolder(error);
  const isDefect = isOfTheEngine && !MESSAGE_OF_OURS.test(error.message);
  return isDefect ? `This looks like a defect of denolm:\n${error.stack}` : error.message;
}

function explainPermission(
  error: Error,
  script: Pick<ScriptDefinition, "name" | "permissions">,
  args: readonly string[],
): string {
  const wanted = /^Requires (\w+) access to "?([^"]*)"?, run again with the --allow-(\w+) flag/.exec(error.message);
  if (!wanted) return error.message;
  const [, access, target, flag] = wanted;
  const verb = access === "net" ? "reach" : access === "ffi" ? "load" : access;
  return [
    `Cannot ${verb} ${target}: the permission set "${script.permissions}", under which the task ${script.name} runs, does not allow it.`,
    "To allow it this once:",
    `  deno run -q -P=${script.permissions} ${quoteWord(`--allow-${flag}=${target}`)} scripts/${script.name}.ts${
      args.map((word) => ` ${quoteWord(word)}`).join("")
    }`,
  ].join("\n");
}

// Deno names the folder where it fails to open it, not where it fails to read it.
function explainFolder({ message }: Error): string {
  const path = pathIn(message);
  return `Cannot read ${path ?? "a file that was named"}: it is a folder; give a file${path ? "" : " in its place"}`;
}

function explainMissingFile({ message }: Error): string {
  const path = pathIn(message);
  return path === undefined
    ? message
    : `Cannot open ${path}: there is no such file or folder; look at its name and place.`;
}

function pathIn(message: string): string | undefined {
  return /: \w+ '(.*)'$/.exec(message)?.[1];
}
