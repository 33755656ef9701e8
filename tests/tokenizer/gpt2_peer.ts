// GPT-2's tokenizer twice: ours, built from the ranks that js-tiktoken brings along, and js-tiktoken itself as the
// oracle, in a process of its own for the sake of its own lock file (see js_tiktoken.ts).
import { z } from "zod";
import { Tokenizer } from "../../lib/tokenizer/tokenizer.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

const Answer = z.object({
  ranksFile: z.string(),
  specialTokens: z.record(z.string(), z.int()),
  ids: z.array(z.array(z.int())),
});

/** How js-tiktoken is to encode. */
export interface PeerSettings {
  /** Whether `\s` of the pattern is Unicode White_Space, as in ours, or JavaScript's. */
  readonly unicodeSpaces: boolean;
  /** Special tokens that are encoded as such, `[]` for none. */
  readonly allowedSpecial: "all" | [];
}

// Texts of one question: the process holds it, and its answer, several times over.
const TEXTS_AT_ONCE = 20_000;

/** The ids that js-tiktoken gives each text. Lone surrogates reach it: JSON writes them as escapes. */
export async function gpt2PeerIds(texts: readonly string[], settings: PeerSettings): Promise<number[][]> {
  const ids: number[][] = [];
  for (let first = 0; first < texts.length; first += TEXTS_AT_ONCE) {
    ids.push(...(await askPeer(texts.slice(first, first + TEXTS_AT_ONCE), settings)).ids);
  }
  return ids;
}

/** The content of a `.tiktoken` file with GPT-2's ranks. */
export async function gpt2RanksFile(): Promise<string> {
  return (await askPeer([], { unicodeSpaces: true, allowedSpecial: [] })).ranksFile;
}

/** GPT-2's tokenizer, ours. */
export async function loadGpt2(): Promise<Tokenizer> {
  using folder = new TemporaryFolder();
  const { ranksFile, specialTokens } = await askPeer([], { unicodeSpaces: true, allowedSpecial: [] });
  await Deno.writeTextFile(folder.at("tokenizer.tiktoken"), ranksFile);
  await Deno.writeTextFile(folder.at("special_tokens.json"), JSON.stringify(specialTokens));
  return await Tokenizer.load(folder.path);
}

async function askPeer(texts: readonly string[], settings: PeerSettings): Promise<z.infer<typeof Answer>> {
  const at = (name: string) => decodeURIComponent(new URL(name, import.meta.url).pathname);
  const peer = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", `--lock=${at("../../dev.lock")}`, at("js_tiktoken.ts")],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const question = new Response(JSON.stringify({ texts, ...settings })).body!;
  const [asked, { success, stdout, stderr }] = await Promise.all([
    question.pipeTo(peer.stdin).catch((error: Error) => error), // a process that ended early says why by itself
    peer.output(),
  ]);
  if (!success) throw new Error(`js-tiktoken did not answer: ${new TextDecoder().decode(stderr)}`);
  if (asked !== undefined) throw asked;
  return Answer.parse(JSON.parse(new TextDecoder().decode(stdout)));
}
