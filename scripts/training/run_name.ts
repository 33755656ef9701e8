import { z } from "zod";

/** Name of a run, which is that of its folder below runs/. */
export const runName = z.string().regex(
  /^\w[\w.-]*$/,
  "expected letters, digits, dots and dashes, with a letter or digit first",
);
