// deno-lint-ignore-file no-console -- the figures are the output
/**
 * Trains a tokenizer on some texts, saves it in Hugging Face's and in tiktoken's format, and lets Python's `tokenizers`
 * and `tiktoken` encode the same texts with it: every id has to be that of Tokenizer.encode(). Texts are compared in
 * pieces of a few megabytes, cut after a line, which `tokenizers` would need gigabytes for as a whole.
 *
 *     deno run -A bench/tokenizer_formats.ts [--vocab-size 10000] [--python python3] FILE...
 */
import { parseArgs } from "@std/cli/parse-args";
import { z } from "zod";
import { Tokenizer } from "../lib/tokenizer/tokenizer.ts";
import { trainBpe } from "../lib/tokenizer/train_bpe.ts";

const SPECIAL_TOKEN = "<|endoftext|>";
const PIECE_UNITS = 2_000_000;

const ENCODE_THERE = `
import array, base64, json, sys
import tiktoken, tokenizers
folder, pieces = sys.argv[1], int(sys.argv[2])
pairs = (line.split() for line in open(folder + "/tiktoken/tokenizer.tiktoken"))
encoding = tiktoken.Encoding("ours", mergeable_ranks={base64.b64decode(t): int(r) for t, r in pairs},
    special_tokens=json.load(open(folder + "/tiktoken/special_tokens.json")),
    pat_str=r"'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+")
loaded = tokenizers.Tokenizer.from_file(folder + "/huggingface/tokenizer.json")
for piece in range(pieces):
    text = open(f"{folder}/{piece}.txt", encoding="utf-8", newline="").read()
    ours = array.array("I", open(f"{folder}/{piece}.ids", "rb").read()).tolist()
    for name, ids in [("tiktoken", encoding.encode(text, allowed_special="all")),
                      ("tokenizers", loaded.encode(text, add_special_tokens=False).ids)]:
        if ids != ours:
            at = next((i for i, (a, b) in enumerate(zip(ids, ours)) if a != b), min(len(ids), len(ours)))
            sys.exit(f"piece {piece}: {name} has {ids[at:at + 5]} at index {at}, denolm {ours[at:at + 5]}")
print(f"the same ids from tiktoken {tiktoken.__version__} and tokenizers {tokenizers.__version__}")
`;

const Options = z.object({
  _: z.array(z.string()).min(1, "FILE is missing"),
  vocabSize: z.coerce.number().int().default(10_000),
  python: z.string().default("python3"),
});

const { _, "vocab-size": vocabSize, python } = parseArgs(Deno.args, { string: ["_", "python"] });
const options = Options.parse({ _, vocabSize, python });

const folder = await Deno.makeTempDir({ prefix: "denolm_formats_" });
try {
  const { model } = await trainBpe({ input: options._, vocabSize: options.vocabSize, specialTokens: [SPECIAL_TOKEN] });
  const tokenizer = Tokenizer.fromModel(model);
  for (const format of ["huggingface", "tiktoken"] as const) await tokenizer.save(`${folder}/${format}`, format);
  let pieces = 0;
  let tokens = 0;
  for (const path of options._) {
    for (const piece of piecesOf(await Deno.readTextFile(path))) {
      const ids = tokenizer.encode(piece);
      tokens += ids.length;
      await Deno.writeTextFile(`${folder}/${pieces}.txt`, piece);
      await Deno.writeFile(`${folder}/${pieces}.ids`, new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength));
      pieces++;
    }
  }
  console.log(`vocabulary of ${tokenizer.vocabSize}; ${options._.length} texts, ${tokens} tokens`);
  const { code } = await new Deno.Command(options.python, { args: ["-c", ENCODE_THERE, folder, String(pieces)] })
    .spawn()
    .status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** A text in pieces that end after a line. */
function* piecesOf(text: string): Generator<string> {
  for (let start = 0; start < text.length;) {
    const line = text.indexOf("\n", start + PIECE_UNITS);
    const end = line < 0 ? text.length : line + 1;
    yield text.slice(start, end);
    start = end;
  }
}
