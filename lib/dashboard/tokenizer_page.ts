import { type Markup, markup } from "../plot/markup.ts";
import type { Tokenizer } from "../tokenizer/tokenizer.ts";
import { countText } from "./figure_text.ts";
import { framed, livePart } from "./page_frame.ts";
import { tokenParts } from "./token_parts.ts";

/** What the tokenizer's page shows. */
export interface TokenizerPageParts {
  /** All there are to choose from. */
  names: readonly string[];
  /** The one chosen. */
  name?: string;
  /** The chosen one, or why it cannot be shown. */
  tokenizer?: Tokenizer | Error;
  text: string;
}

/** The longest text that is shown as tokens, in UTF-8: what an address can carry. */
const MOST_TEXT_BYTES = 10_000;

// Neighbours differ, and a token keeps its colour while text after it changes.
const COLOURS = 6;

/** The page on which a text is typed and seen as tokens. */
export function tokenizerPage({ names, name, tokenizer, text }: TokenizerPageParts): string {
  if (names.length === 0) {
    return framed({
      title: "Tokenizer",
      content:
        markup`<p>There is no tokenizer under runs/ or data/ yet. <code>deno task train_bpe</code> trains one.</p>`,
    });
  }
  const options = names.map((other) =>
    other === name ? markup`<option selected>${other}</option>` : markup`<option>${other}</option>`
  );
  return framed({
    title: "Tokenizer",
    content: markup`<form action="/tokenizer" data-refresh>
<p><label for="folder">Tokenizer</label> <select id="folder" name="folder">${options}</select></p>
<p><label for="text">Text</label><textarea id="text" name="text" rows="5" spellcheck="false">
${text}</textarea></p>
<p class="action"><button>Show tokens</button></p>
</form>
${livePart("tokens", result(tokenizer, text))}`,
  });
}

function result(tokenizer: Tokenizer | Error | undefined, text: string): Markup {
  if (tokenizer === undefined) {
    return markup`<p class="problem">There is no such tokenizer; choose one of the list.</p>`;
  }
  if (tokenizer instanceof Error) return markup`<p class="problem">${tokenizer.message}</p>`;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes > MOST_TEXT_BYTES) {
    return markup`<p class="problem">Cannot show this text: it has ${countText(bytes)} bytes; try one of up to ${
      countText(MOST_TEXT_BYTES)
    }.</p>`;
  }
  const ids = tokenizer.encode(text);
  const special = new Set(tokenizer.model.specialTokens.values());
  const entries = `${countText(tokenizer.vocabSize)} entries, ${countText(special.size)} special`;
  if (ids.length === 0) return markup`<p class="faint">${entries}</p>`;
  return markup`<p><b>${countText(ids.length)} tokens</b> for ${countText(bytes)} bytes:
${(bytes / ids.length).toFixed(2)} bytes a token. <span class="faint">${entries}</span></p>
<p class="tokens">${Array.from(ids, (id, i) => shownToken(tokenizer, id, i, special.has(id)))}</p>`;
}

function shownToken(tokenizer: Tokenizer, id: number, index: number, isSpecial: boolean): Markup {
  const bytes = tokenizer.idToBytes(id);
  const parts = tokenParts(bytes).map(({ kind, text }) =>
    kind === "text" ? markup`${text}` : markup`<span class="${kind}">${text}</span>`
  );
  const kind = isSpecial ? "special" : `colour-${index % COLOURS}`;
  const title = `${isSpecial ? "special token" : "token"} ${id}, bytes ${hexBytes(bytes)}`;
  // A line break in the text is one on the page as well.
  const lineBreak = bytes.includes(0x0a) ? markup`<br>` : "";
  return markup`<span class="token ${kind}" title="${title}"><span>${parts}</span><span class="id">${id}</span></span>${lineBreak}`;
}

function hexBytes(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join(" ");
}
