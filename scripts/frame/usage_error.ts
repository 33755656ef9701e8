/** The person's command line cannot be carried out as written: printed without a stack, exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}
