/**
 * Checks a parsed JSON object of token to id.
 *
 * @param source What the messages call the file.
 * @throws {TypeError} If it is no object, or an id no whole number from 0 on.
 */
export function parseVocab(value: unknown, source: string): Map<string, number> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TypeError(`Cannot read ${source}: expected an object of token to id, got ${describe(value)}`);
  }
  const vocab = new Map<string, number>();
  for (const [token, id] of Object.entries(value)) {
    if (!Number.isInteger(id) || id < 0) {
      throw new TypeError(
        `Cannot read ${source}: the id of ${JSON.stringify(token)} is ${
          describe(id)
        }; expected a whole number from 0 on`,
      );
    }
    vocab.set(token, id);
  }
  return vocab;
}

/**
 * Parses JSON with a message that names the file.
 *
 * @throws {SyntaxError} If it is not JSON.
 */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SyntaxError(`Cannot read ${source}: it is not JSON (${(error as Error).message}); restore the file`);
  }
}

function describe(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
