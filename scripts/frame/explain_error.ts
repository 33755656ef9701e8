import { withoutTemporaryEnd } from "../../lib/data/temporary_neighbour.ts";
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
  if (MESSAGE_OF_OURS.test(error.message)) {
    const { permissionFlags: flags = [] } = error as { permissionFlags?: readonly string[] };
    return flags.length === 0 ? error.message : `${error.message}\n${howToAllow(flags, script, args)}`;
  }
  const ofTheSystem = explainSystemError(error);
  if (ofTheSystem !== undefined) return ofTheSystem;
  return isOfTheEngine ? `This looks like a defect of denolm:\n${error.stack}` : error.message;
}

function explainPermission(
  error: Error,
  script: Pick<ScriptDefinition, "name" | "permissions">,
  args: readonly string[],
): string {
  const wanted = /^Requires (\w+) access to "?([^"]*)"?, run again with the --allow-(\w+) flag/.exec(error.message);
  if (!wanted) return error.message;
  const [, access, target, flag] = wanted;
  if (access === "all") {
    return [
      `Cannot use ${target}: it is a special file of the system, for which Deno asks all permissions`,
      howToAllow(["--allow-all"], script, args),
    ].join("\n");
  }
  const verb = access === "net" ? "reach" : access === "ffi" ? "load" : access;
  return [
    `Cannot ${verb} ${target}: the permission set "${script.permissions}", under which the task ${script.name} runs, does not allow it.`,
    howToAllow([`--allow-${flag}=${target}`], script, args),
  ].join("\n");
}

function howToAllow(
  flags: readonly string[],
  { name, permissions }: Pick<ScriptDefinition, "name" | "permissions">,
  args: readonly string[],
): string {
  const words = ["deno", "run", "-q", `-P=${permissions}`, ...flags, `scripts/${name}.ts`, ...args];
  return `To allow it this once:\n  ${words.map(quoteWord).join(" ")}`;
}

// System calls as Deno names them, as verbs; others are said to "use" a path.
const VERBS: Record<string, string> = {
  open: "open",
  readfile: "read",
  readdir: "look into",
  mkdir: "make",
  writefile: "write",
  remove: "remove",
  stat: "find",
};

// What the system says of files ("Is a directory (os error 21): open 'PATH'"), in words, with what to do; undefined for
// what says itself well enough. Deno names the path where it fails to open it, not always where it fails to read it.
function explainSystemError(error: Error): string | undefined {
  const { AlreadyExists, IsADirectory, NotADirectory, NotFound, PermissionDenied } = Deno.errors;
  const [, call = "", found] = /: (\w+) '(.*)'$/.exec(error.message) ?? [];
  // The person named the path without what it has while it is not whole.
  const path = found && withoutTemporaryEnd(found);
  if (
    error instanceof RangeError &&
    /^(Array buffer allocation failed|Invalid typed array length: \d+)$/.test(error.message)
  ) {
    return "Cannot go on: there is not enough memory; try less at a time: a smaller batch, a shorter context, a smaller model";
  }
  if (error instanceof IsADirectory) {
    return `Cannot read ${path ?? "a file that was named"}: it is a folder; give a file${path ? "" : " in its place"}`;
  }
  if ((error as { code?: string }).code === "EROFS") {
    return `Cannot write${path ? ` ${path}` : ""}: its file system is read-only; give another folder`;
  }
  if (path === undefined) return undefined;
  if (error instanceof NotFound) {
    return `Cannot open ${path}: there is no such file or folder; look at its name and place`;
  }
  if (error instanceof AlreadyExists) {
    return `Cannot make the folder ${path}: there is a file of that name; give another`;
  }
  const verb = VERBS[call] ?? "use";
  if (error instanceof NotADirectory) {
    return `Cannot ${verb} ${path}: a part of this path is a file, not a folder; look at its name and place`;
  }
  if (error instanceof PermissionDenied) {
    return `Cannot ${verb} ${path}: the system does not allow it; look at who owns it and its mode (ls -l)`;
  }
}
