/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
// A worker of encodeFile(): gets what an encoder is made of, then ranges of the file, and answers with their ids.
import type { EncodeJob, EncodeResult } from "./encode_job.ts";
import { RangeEncoder } from "./encode_range.ts";

let file: Deno.FsFile;
let encoder: RangeEncoder;

self.onmessage = ({ data }: MessageEvent<EncodeJob>) => {
  try {
    if (data.kind === "open") {
      file = Deno.openSync(data.path);
      encoder = new RangeEncoder(data.parts, data.dtype);
    } else {
      const ids = encoder.encode(file, data.start, data.end, data.spare);
      self.postMessage({ index: data.index, ids } satisfies EncodeResult, [ids.buffer]);
    }
  } catch (error) {
    self.postMessage({ error } satisfies EncodeResult);
  }
};
