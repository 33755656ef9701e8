import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import type { SourceText } from "../../lib/experiments/plan.ts";
import type { Scale } from "../../lib/experiments/scale.ts";
import type { TextKind } from "../../lib/experiments/variant.ts";
import { formatBytes } from "../../lib/data/amounts.ts";
import { isFile } from "../../lib/data/is_file.ts";
import { openFile } from "../../lib/data/open_file.ts";
import { corpora, type CorpusName } from "../../mod.ts";
import { checkTexts } from "../tokenizing/check_texts.ts";

/** Where texts come from, as the command line says. */
export interface TextOptions {
  scale: Scale;
  /** Text in place of TinyStories. */
  input?: string;
  /** Text in place of OpenWebText. */
  openwebtext?: string;
  builtInBytes: number;
}

/**
 * The texts that are there to train on. Stories: the file given; at the scale of the handout TinyStories as downloaded;
 * else the built-in stories. Prose: the file given, or OpenWebText as downloaded, unpacked or not, or none.
 *
 * @throws {Error} If a file is missing.
 */
export async function sourceTexts(options: TextOptions): Promise<Partial<Record<TextKind, SourceText>>> {
  const { scale, input, openwebtext, builtInBytes } = options;
  const tinystories = input ?? (scale === "handout" ? downloaded("tinystories") : undefined);
  const prose = openwebtext ?? ifThere(downloaded("owt")) ?? ifThere(`${downloaded("owt")}.gz`);
  return {
    stories: tinystories === undefined ? builtInStories(builtInBytes) : await textOfFile(tinystories),
    ...(prose !== undefined && { prose: await textOfFile(prose) }),
  };
}

function builtInStories(bytes: number): SourceText {
  return {
    name: "stories",
    about: `${formatBytes(bytes)} of built-in, synthetic stories, far easier to learn than real text`,
    id: `built-in stories, ${bytes} bytes, seed 0`,
  };
}

function downloaded(name: CorpusName): string {
  return `data/${corpora[name].files[0].name.replace(/\.gz$/, "")}`;
}

function ifThere(path: string): string | undefined {
  return isFile(path) ? path : undefined;
}

async function textOfFile(path: string): Promise<SourceText> {
  if (!existsSync(path)) {
    throw new Error(`Cannot find the text ${path}; get it with deno task data, or give another file`);
  }
  await checkTexts([path]);
  const file = path.replace(/^.*\//, "");
  const hash = createHash("sha256");
  for await (const piece of openFile(path).readable) hash.update(piece);
  return {
    name: file.replace(/\..*$/, "").replace(/[^\w]+/g, "_").slice(0, 24).toLowerCase(),
    about: file,
    id: hash.digest("hex"),
    path,
  };
}
