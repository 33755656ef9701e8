import { z } from "zod";

/** A text as token ids on disk, and what runs need to know of it. Kept as text.json beside them. */
export interface PreparedText {
  /** What the text is, for people. */
  about: string;
  /** Folder of the tokenizer that was trained on it. */
  tokenizer: string;
  /** Hash of the tokenizer. */
  tokenizer_sha256: string;
  /** Ids to train on (.npy). */
  data: string;
  /** Ids to evaluate on (.npy). */
  validation_data: string;
  /** Ids to train on, counted. */
  tokens: number;
  /** Bytes of text for each token of the validation data. */
  bytes_per_token: number;
}

/** Checks what a text.json holds. */
export const PreparedTextSchema: z.ZodType<PreparedText> = z.object({
  about: z.string(),
  tokenizer: z.string(),
  tokenizer_sha256: z.string(),
  data: z.string(),
  validation_data: z.string(),
  tokens: z.int(),
  bytes_per_token: z.number(),
});
