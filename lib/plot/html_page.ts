import { Markup, markup, type MarkupValue } from "./markup.ts";
import { pageStyle } from "./page_style.ts";

/** A part of a page under a heading of its own. */
export interface HtmlSection {
  /** The heading. */
  heading: string;
  /** What stands under it: tables, figures, paragraphs; plain strings are text. */
  content: MarkupValue;
}

/** What a page is made of. */
export interface HtmlPage {
  /** The page's name, also that of the browser's tab. */
  title: string;
  /** A sentence or two under the title. */
  summary?: MarkupValue;
  /** From top to bottom. */
  sections: readonly HtmlSection[];
  /** More for the document's head, such as a live page's script. */
  head?: Markup;
  /**
   * What the page may load, as a Content-Security-Policy. Left out, nothing at all: no script, and nothing from the
   * network.
   */
  policy?: string;
}

// A page of results is a document: even if text of somebody else's became markup, it could neither run nor send
// anything.
const NOTHING_BUT_STYLE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/**
 * A whole HTML document in one string: self-contained, so that it opens from the file system without a network, light
 * and dark as the reader's system says, readable on a phone.
 *
 * @example
 * ```ts
 * import { assertStringIncludes } from "@std/assert";
 * import { markup } from "./markup.ts";
 * const page = htmlPage({
 *   title: "Batch size",
 *   summary: "How the loss falls with batches of 1 to 64 sequences.",
 *   sections: [{ heading: "Answer", content: markup`<p>The loss of batch ${8} is <b>lowest</b>.</p>` }],
 * });
 * assertStringIncludes(page, "<h2>Answer</h2>");
 * ```
 */
export function htmlPage({ title, summary, sections, head, policy = NOTHING_BUT_STYLE }: HtmlPage): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(pageStyle)}</style>
${head}</head>
<body>
<header>
<h1>${title}</h1>
${summary === undefined ? "" : markup`<p class="summary">${summary}</p>\n`}</header>
<main>
${sections.map(sectionOf)}</main>
</body>
</html>
`.source;
}

function sectionOf({ heading, content }: HtmlSection): Markup {
  return markup`<section>
<h2>${heading}</h2>
${content}
</section>
`;
}
