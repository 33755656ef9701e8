import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Markup, markup } from "../../lib/plot/markup.ts";
import { figure, htmlCommand, htmlTable, htmlText } from "../../lib/plot/html_blocks.ts";
import { htmlPage } from "../../lib/plot/html_page.ts";
import { pageStyle } from "../../lib/plot/page_style.ts";
import { contrastRatio } from "./contrast_ratio.ts";

const hostile = `<script>alert("1")</script>&'`;
const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";

Deno.test("text never becomes markup, wherever it stands in a page", () => {
  const page = htmlPage({
    title: hostile,
    summary: hostile,
    sections: [
      { heading: hostile, content: hostile },
      { heading: "blocks", content: [htmlText(hostile), htmlCommand(hostile), figure("<svg></svg>", hostile)] },
      { heading: "table", content: htmlTable({ columns: [hostile], rows: [[hostile]], caption: hostile }) },
    ],
  });
  assertEquals(page.includes("<script"), false);
  assertEquals(page.split(escaped).length - 1, 11);
});

Deno.test("markup`` joins pieces, escapes the rest, and leaves out what is missing", () => {
  assertEquals(
    markup`<b title="${'"'}">${[markup`<i>${1}</i>`, 2n, "<"]}${null}${undefined}</b>`.source,
    `<b title="&quot;"><i>1</i>2&lt;</b>`,
  );
  assertEquals(String(new Markup("<br>")), "<br>");
});

Deno.test("a page stands by itself: it may load nothing, and names nothing to load", () => {
  const page = htmlPage({ title: "t", sections: [{ heading: "h", content: "c" }] });
  assertStringIncludes(page, `content="default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:"`);
  assertEquals(/\b(src|href)=|@import|url\(/.test(page), false);
  assertMatch(page, /^<!doctype html>\n/);
  assertStringIncludes(page, `<meta name="viewport" content="width=device-width, initial-scale=1">`);
});

Deno.test("a page with a script of its own says what it may load", () => {
  const head = markup`<script src="live.js"></script>`;
  const page = htmlPage({ title: "t", sections: [], head, policy: "default-src 'self'" });
  assertStringIncludes(page, head.source);
  assertStringIncludes(page, `content="default-src &#39;self&#39;"`);
});

Deno.test("text is legible in light and in dark: contrast of at least 4.5 to 1", () => {
  const themes = pageStyle.split("@media (prefers-color-scheme: dark)");
  assertEquals(themes.length, 2);
  for (const theme of themes) {
    const color = (name: string) => new RegExp(`--${name}: (#\\w{6})`).exec(theme)![1];
    for (const text of ["ink", "faint", "accent"]) {
      for (const ground of ["paper", "shade"]) {
        const contrast = contrastRatio(color(text), color(ground));
        assertEquals(contrast >= 4.5, true, `${text} on ${ground}: ${contrast}`);
      }
    }
  }
});

Deno.test("numbers stand to the right with their heading, words and mixed columns to the left", () => {
  const { source } = htmlTable({
    columns: ["run", "loss", "tokens", "mixed"],
    rows: [["a", 1.23456, 10n, 1], ["b", null, 20n, "x"]],
    format: (value) => value.toFixed(2),
  });
  assertStringIncludes(source, `<th scope="col">run</th><th class="number" scope="col">loss</th>`);
  assertStringIncludes(source, `<td>a</td><td class="number">1.23</td><td class="number">10</td><td>1.00</td>`);
  const { source: quantities } = htmlTable({
    rows: [["loss", "2.9704 ± 0.0069"], ["time", "2 min 5 s"], ["steps", "2 to 9 of all that were asked for"]],
  });
  assertStringIncludes(quantities, `<td>loss</td><td class="quantity">2.9704 ± 0.0069</td>`);
  assertStringIncludes(quantities, `<td>time</td><td class="quantity">2 min 5 s</td>`);
  assertStringIncludes(quantities, `<td>steps</td><td>2 to 9 of`);
  assertStringIncludes(source, `<td>b</td><td class="number"></td><td class="number">20</td><td>x</td>`);
  assertEquals(htmlTable({ rows: [["a", "b"]] }).source.includes("<thead>"), false);
});
