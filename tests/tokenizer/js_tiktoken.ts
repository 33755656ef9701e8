// GPT-2's tokenizer by js-tiktoken, as an oracle. The package is named at run time and locked in dev.lock, so that it
// is no part of deno.lock, all of which a user's first command installs. As a program, run with --lock=dev.lock, it
// answers one question on the standard input (see gpt2_peer.ts).

/** GPT-2's ranks as js-tiktoken brings them along. */
export interface Gpt2Ranks {
  /** Published pattern of pre-tokens. */
  readonly pat_str: string;
  /** Special tokens and their ids. */
  readonly special_tokens: Readonly<Record<string, number>>;
  /** Lines of `! first-rank token token ...`, tokens in base64. */
  readonly bpe_ranks: string;
}

/** What is used of js-tiktoken's class of this name. */
export interface Tiktoken {
  encode(text: string, allowedSpecial: string[] | "all", disallowedSpecial: string[] | "all"): number[];
}

const PACKAGE = "npm:js-tiktoken@1.0.21";

const ranks: Gpt2Ranks = (await import(`${PACKAGE}/ranks/gpt2`)).default;
const { Tiktoken }: { Tiktoken: new (ranks: Gpt2Ranks) => Tiktoken } = await import(`${PACKAGE}/lite`);

/** The content of a `.tiktoken` file with GPT-2's ranks. */
export function gpt2RanksFile(): string {
  const lines: string[] = [];
  for (const line of ranks.bpe_ranks.split("\n").filter((line) => line !== "")) {
    const [, first, ...tokens] = line.split(" ");
    for (const [index, token] of tokens.entries()) lines.push(`${token} ${Number(first) + index}\n`);
  }
  return lines.join("");
}

/**
 * GPT-2's tokenizer by js-tiktoken. It hands the published pattern to a JavaScript regular expression, whose `\s` has
 * U+FEFF and lacks U+0085, unlike that of Python's `regex` for which the pattern was written. With `unicodeSpaces`, the
 * pattern says Unicode White_Space instead, and the two agree on every text.
 */
export function gpt2Peer({ unicodeSpaces }: { unicodeSpaces: boolean }): Tiktoken {
  const pattern = unicodeSpaces
    ? ranks.pat_str.replaceAll("\\s", "\\p{White_Space}").replaceAll("\\S", "\\P{White_Space}")
    : ranks.pat_str;
  return new Tiktoken({ ...ranks, pat_str: pattern });
}

if (import.meta.main) {
  const { texts, unicodeSpaces, allowedSpecial } = await new Response(Deno.stdin.readable).json();
  const peer = gpt2Peer({ unicodeSpaces });
  const answer = {
    ranksFile: gpt2RanksFile(),
    specialTokens: ranks.special_tokens,
    ids: texts.map((text: string) => peer.encode(text, allowedSpecial, [])),
  };
  await new Response(JSON.stringify(answer)).body!.pipeTo(Deno.stdout.writable);
}
