// A thread of the cpu device: computes chunks of work from shared memory until it is told to end.

/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

import { instantiateKernels } from "./kernels.ts";
import { WorkQueue } from "./work_queue.ts";

/** What a thread is told when it starts. */
export interface WorkerStart {
  /** The device's memory. */
  readonly memory: WebAssembly.Memory;
  /** The compiled kernels. */
  readonly module: WebAssembly.Module;
  /** Number of the thread, from 1; the main thread is 0. */
  readonly thread: number;
  /** Which of the workers that were ever started it is one of; see `WorkQueue.begin()`. */
  readonly generation: number;
}

self.onmessage = ({ data }: MessageEvent<WorkerStart>) => {
  const { memory, module, thread, generation } = data;
  new WorkQueue(memory, module, instantiateKernels(module, memory)).serve(thread, generation);
  self.close();
};
