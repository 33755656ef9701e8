/**
 * A piece of HTML that is safe to put into a page: markup that was written here, in which every text from elsewhere has
 * been escaped. A plain string is text and never becomes markup by accident.
 */
export class Markup {
  /** The HTML source. */
  readonly source: string;

  /** Takes source as it is; {@linkcode markup} is the way to build it from texts. */
  constructor(source: string) {
    this.source = source;
  }

  /** The HTML source. */
  toString(): string {
    return this.source;
  }
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/**
 * What may stand in {@linkcode markup}: text and numbers are escaped, pieces are joined, null and undefined are
 * nothing.
 */
export type MarkupValue = Markup | string | number | bigint | null | undefined | readonly MarkupValue[];

/**
 * Builds a piece of HTML: the words of the template are markup, and whatever is put in between is text, unless it is a
 * piece of HTML itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const names = ["a < b", "c & d"];
 * const list = markup`<ul>${names.map((name) => markup`<li>${name}</li>`)}</ul>`;
 * assertEquals(list.source, "<ul><li>a &lt; b</li><li>c &amp; d</li></ul>");
 * ```
 */
export function markup(words: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  return new Markup(words.reduce((source, word, i) => source + sourceOf(values[i - 1]) + word));
}

/** The source of a value: that of a piece of HTML, the escaped text of anything else. */
function sourceOf(value: MarkupValue): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Markup) return value.source;
  if (typeof value === "object") return value.map(sourceOf).join("");
  return String(value).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
