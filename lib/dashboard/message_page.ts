import { markup } from "../plot/markup.ts";
import { framed } from "./page_frame.ts";

/** A page that only says something, such as why another one cannot be shown. */
export function messagePage(title: string, message: string): string {
  return framed({ title, content: markup`<p>${message}</p><p><a href="/">All runs</a></p>` });
}
