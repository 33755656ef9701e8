// One thread of a CountingPool: counts the jobs that it is sent and, when it is told to finish, hands over its table.
import { bytesOf, type CountingJob, JobCounter } from "./counting_job.ts";
import type { PretokenCountsParts } from "./pretoken_counts.ts";

/** What the pool sends: first the special tokens, then jobs, then the wish to finish. */
export type ToCountWorker =
  | { readonly kind: "start"; readonly specialTokens: readonly string[] }
  | { readonly kind: "finish" }
  | CountingJob;

/** What the worker answers: bytes counted (after each job), its table (after "finish"), or why it cannot go on. */
export type FromCountWorker =
  | { readonly kind: "counted"; readonly bytes: number }
  | { readonly kind: "table"; readonly parts: PretokenCountsParts }
  | { readonly kind: "failed"; readonly error: unknown };

// Types here are those of a page; a worker's scope differs in postMessage.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<ToCountWorker>) => void;
  postMessage(message: FromCountWorker, transfer?: Transferable[]): void;
};

let counter = new JobCounter([]);

scope.onmessage = ({ data: message }) => {
  try {
    if (message.kind === "start") {
      counter = new JobCounter(message.specialTokens);
    } else if (message.kind === "finish") {
      const parts = counter.counts.parts();
      scope.postMessage({ kind: "table", parts }, [parts.slots, parts.arena]);
    } else {
      counter.run(message);
      scope.postMessage({ kind: "counted", bytes: bytesOf(message) });
    }
  } catch (error) {
    scope.postMessage({ kind: "failed", error });
  }
};
