/** A Python program that answers each line of its input with a line of JSON. */
export class PythonPeer implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #questions: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;

  /** Starts `script`, which lies in this folder. */
  constructor(python: string, script: string, args: readonly string[]) {
    this.#child = new Deno.Command(python, {
      args: [decodeURIComponent(new URL(script, import.meta.url).pathname), ...args],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#questions = this.#child.stdin.getWriter();
    this.#answers = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Asks, and waits for the answer. */
  async ask(question: string): Promise<unknown> {
    await this.#questions.write(new TextEncoder().encode(question + "\n"));
    let line = "";
    while (!line.endsWith("\n")) {
      const { value, done } = await this.#answers.read();
      if (done) throw new Error("Cannot compare: the Python peer has ended; its message is above");
      line += value;
    }
    return JSON.parse(line);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#questions.close().catch(() => {}); // It may have ended already.
    await this.#child.status;
  }
}

/** Lets CUDA's libraries be found that came with a Python environment, unless the environment says otherwise. */
export function useLibrariesOf(python: string | undefined): void {
  const prefix = /^(.*)\/bin\/[^/]+$/.exec(python ?? "")?.[1];
  if (prefix !== undefined && Deno.env.get("VIRTUAL_ENV") === undefined) Deno.env.set("VIRTUAL_ENV", prefix);
}
