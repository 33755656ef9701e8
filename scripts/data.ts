import { z } from "zod";
import { corpora, corpusAddresses, download } from "../mod.ts";
import { formatBytes } from "../lib/data/amounts.ts";
import { judgedBy } from "./frame/agreement.ts";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  corpus: z.enum(["tinystories", "owt"]).describe("data set: TinyStories, or the OpenWebText sample of CS336"),
  from: z.string().optional().describe(
    "address of another folder that has the files; default: where they were published",
  ),
  split: z.enum(["all", "train", "valid"]).default("all").describe("which files"),
});

const FOLDER = "data";

await runScript({
  name: "data",
  summary: "downloads a published data set into data/, goes on where it stopped, and checks it",
  options: Options.superRefine(judgedBy(({ corpus, from }) => corpusAddresses(corpus, from))),
  permissions: "data",
  positional: ["corpus"],
  details: Object.entries(corpora).map(([name, { title, about, files }]) =>
    `${name}: ${title}, ${about}\n${
      files.map((file) => `  ${file.name}${file.textBytes ? `, ${formatBytes(file.textBytes)} of text` : ""}`).join(
        "\n",
      )
    }`
  ).join("\n"),
}, async ({ corpus, from, split }, report) => {
  const { title, files } = corpora[corpus];
  const addresses = corpusAddresses(corpus, from);
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const [index, file] of files.entries()) {
    if (split !== "all" && split !== file.split) continue;
    report.say(`${title}, ${file.split}: ${addresses[index]}`);
    const path = `${FOLDER}/${file.name}`;
    const { bytes, sha256, isVerified, resumedBytes, wasThere } = await download(addresses[index], path, {
      onProgress: report.progress,
      signal: report.signal,
    });
    report.result(`${file.split} file`, path);
    report.result(`${file.split} bytes`, bytes);
    report.result(`${file.split} SHA-256`, sha256);
    if (wasThere) report.note(`${path} was there already, the same as the server's; nothing was downloaded.`);
    else if (resumedBytes > 0) report.note(`${formatBytes(resumedBytes)} of ${path} were there from an earlier run.`);
    if (!isVerified) report.note(`the server named no checksum for ${path}: its size was checked, not its content.`);
  }
});
