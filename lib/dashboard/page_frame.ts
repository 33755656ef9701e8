import { type Markup, markup, type MarkupValue } from "../plot/markup.ts";

/** A page of the dashboard. */
export interface DashboardPage {
  title: string;
  /** Stands under the title. */
  summary?: MarkupValue;
  content: MarkupValue;
  /** Address of the events that tell when the page's live parts change; left out, nothing changes. */
  events?: string;
}

const PAGES = [["/", "Runs"], ["/tokenizer", "Tokenizer"]] as const;

const CURRENT = markup` aria-current="page"`;

/** A whole document in the dashboard's frame. */
export function framed({ title, summary, content, events }: DashboardPage): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · denolm</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
<script src="/script.js" defer></script>
</head>
<body data-events="${events}">
<nav aria-label="Pages">
${PAGES.map(([address, name]) => markup`<a href="${address}"${name === title ? CURRENT : ""}>${name}</a>\n`)}
<span id="connection" role="status"></span>
</nav>
<header>
<h1>${title}</h1>
${summary && livePart("summary", markup`<p class="summary">${summary}</p>`)}
</header>
<main>
${content}
</main>
</body>
</html>
`.source;
}

/**
 * A part of a page that the script replaces by itself when there is something new.
 *
 * @param id Its own among the page's parts.
 */
export function livePart(id: string, content: MarkupValue): Markup {
  return markup`<div id="${id}" data-live>${content}</div>\n`;
}

/** A section under a heading, live as a whole; left out as long as it has no content. */
export function liveSection(id: string, heading: string, content: MarkupValue): Markup {
  return livePart(id, content && markup`<section><h2>${heading}</h2>${content}</section>`);
}
