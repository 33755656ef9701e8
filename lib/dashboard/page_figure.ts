import { figure } from "../plot/html_blocks.ts";
import { Markup } from "../plot/markup.ts";

/**
 * A chart in a page of the dashboard. The style that a chart brings along, to be readable by itself, stays out: the
 * page's policy allows style sheets of its own address only, and that one names the same colours.
 */
export function pageFigure(svg: string): Markup {
  return figure(svg.replace(/<style>[^<]*<\/style>/, ""));
}
