import { z } from "zod";

/** A number of threads: as many as the cpu device takes, which is more than any of this library's work gains from. */
export const threadCount = z.int().min(1).max(256);
