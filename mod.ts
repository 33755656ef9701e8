/**
 * denolm: language models from scratch in Deno. This module is the public face of the library; every task in
 * `scripts/` is written on top of it.
 *
 * @example Train a tokenizer, encode and decode
 * ```ts
 * import { generateStories, Tokenizer, trainBpe } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { model } = await trainBpe({ input: generateStories({ seed: 1, bytes: 100_000 }), vocabSize: 500 });
 * const tokenizer = Tokenizer.fromModel(model);
 * const ids = tokenizer.encode("Once upon a time");
 * assertEquals(tokenizer.decode(ids), "Once upon a time");
 * ```
 *
 * @module
 */

// Tokenizer
export type { BpeModel } from "./lib/tokenizer/bpe_model.ts";
export type { Corpus as TrainingText } from "./lib/tokenizer/corpus_jobs.ts";
export type { EncodeFileOptions, EncodeFileReport } from "./lib/tokenizer/encode_file.ts";
export { readTokenizerFolder, type TokenizerFormat, writeTokenizerFolder } from "./lib/tokenizer/tokenizer_folder.ts";
export { type LoadTokenizerOptions, Tokenizer } from "./lib/tokenizer/tokenizer.ts";
export { trainBpe, type TrainBpeOptions, type TrainBpePhase, type TrainBpeReport } from "./lib/tokenizer/train_bpe.ts";

// Data
export { AtomicFile, atomicWrite, type FileWriter } from "./lib/data/atomic_write.ts";
export { corpora, type Corpus, corpusAddresses, type CorpusFile, type CorpusName } from "./lib/data/corpora.ts";
export { documents, sampleDocuments } from "./lib/data/documents.ts";
export { download, type DownloadOptions, type DownloadResult } from "./lib/data/download.ts";
export type { NpyArray, NpyArrays, NpyDtype } from "./lib/data/npy_header.ts";
export { NpyReader, NpyWriter, openNpy, writeNpy } from "./lib/data/npy.ts";
export type { OnProgress, Progress } from "./lib/data/progress.ts";
export { generateStories, type StoriesOptions, storiesText, STORY_SEPARATOR } from "./lib/data/stories.ts";

// Numbers
export { Random } from "./lib/tensor/random.ts";
