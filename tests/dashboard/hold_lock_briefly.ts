/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />

// A Worker that holds a run's lock as a look at it does, only longer: long enough to be met.
self.onmessage = ({ data: path }: MessageEvent<string>) => {
  using lock = Deno.openSync(path);
  lock.lockSync(false);
  self.postMessage("held");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 15);
};
