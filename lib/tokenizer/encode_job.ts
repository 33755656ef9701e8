import type { EncoderParts } from "./encode_bytes.ts";
import type { IdArray, IdDtype } from "./encode_range.ts";

/** What a worker is told: first the file and the encoder, then range after range. */
export type EncodeJob =
  | { kind: "open"; path: string; parts: EncoderParts; dtype: IdDtype }
  | { kind: "range"; index: number; start: number; end: number };

/** What a worker answers to a range. */
export type EncodeResult = { index: number; ids: IdArray } | { error: unknown };
