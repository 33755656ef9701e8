import type { EncoderParts } from "./encode_bytes.ts";
import type { IdArray, IdDtype } from "./encode_range.ts";

/**
 * What a worker is told: first the file and the encoder, then range after range, with the memory of ids that are
 * written already, to be used again.
 */
export type EncodeJob =
  | { kind: "open"; path: string; parts: EncoderParts; dtype: IdDtype }
  | { kind: "range"; index: number; start: number; end: number; spare?: ArrayBuffer };

/** What a worker answers to a range. */
export type EncodeResult = { index: number; ids: IdArray } | { error: unknown };
