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
 * @example Train a model in a loop of one's own, and let it write
 * ```ts
 * import { AdamW, clipGradNorm, cosineSchedule, generate, openDevice } from "./mod.ts";
 * import { Random, Tape, TokenDataset, TransformerLM } from "./mod.ts";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const ids = Uint16Array.from({ length: 600 }, (_, i) => i % 5);
 * const data = TokenDataset.fromIds(ids, { vocabSize: 5 });
 * using device = openDevice("cpu", { threads: 1 });
 * using model = new TransformerLM(device, {
 *   vocab_size: 5, context_length: 8, num_layers: 1, d_model: 16, num_heads: 2, d_ff: 32,
 * });
 * using optimizer = new AdamW(model.parameters);
 * using tape = new Tape(device);
 * const schedule = { maxLearningRate: 0.01, minLearningRate: 0.001, warmupSteps: 5, cosineSteps: 60 };
 * const random = new Random(0);
 * let loss = NaN;
 * for (let step = 1; step <= 60; step++) {
 *   const { inputs, targets } = data.sample(random, 4, 8);
 *   tape.reset(); // its memory is that of one step
 *   model.parameters.zeroGradients();
 *   const mean = model.loss(tape, model.tokens(tape, inputs, [4, 8]), model.tokens(tape, targets, [4, 8]));
 *   loss = tape.read(mean)[0];
 *   tape.backward(mean);
 *   clipGradNorm(device, model.parameters.gradients!, 1);
 *   optimizer.step({ learningRate: cosineSchedule(step, schedule) });
 * }
 * assert(loss < 0.1);
 * assertEquals([...generate(model, [1, 2], { maxNewTokens: 3, temperature: 0 })], [3, 4, 0]);
 * ```
 *
 * @module
 */

// Tokenizer
export type { BpeModel } from "./lib/tokenizer/bpe_model.ts";
export type { Corpus as TrainingText } from "./lib/tokenizer/corpus_jobs.ts";
export type { TextPieces } from "./lib/tokenizer/cut_blocks.ts";
export type { EncodeFileOptions, EncodeFileReport } from "./lib/tokenizer/encode_file.ts";
export type { IdDtype } from "./lib/tokenizer/encode_range.ts";
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
export { type NpzArray, readNpz } from "./lib/data/npz.ts";
export {
  openSafetensors,
  type SafetensorsArray,
  type SafetensorsReader,
  type SafetensorsTensor,
  writeSafetensors,
} from "./lib/data/safetensors.ts";
export type { SafetensorsDtype } from "./lib/data/safetensors_header.ts";
export { getBatch, type TokenBatch } from "./lib/data/token_batch.ts";
export { TokenDataset } from "./lib/data/token_dataset.ts";

// Tensors and devices
export { Arena, type MemorySource } from "./lib/tensor/arena.ts";
export { type Backend, Device, type MemoryUse, type Recording, type Scope } from "./lib/tensor/device.ts";
export { type CostTotal, MetaDevice, type OperationCount } from "./lib/tensor/meta_device.ts";
export type { OperationCost } from "./lib/tensor/operation_costs.ts";
export type {
  AdamwStepArguments,
  AddRmsNormArguments,
  AttentionArguments,
  AttentionBackwardArguments,
  AttentionOperand,
  AttentionShape,
  AxpyArguments,
  BinaryArguments,
  ClipCoefficientArguments,
  CopyArguments,
  CopyRowsArguments,
  CrossEntropyArguments,
  EmbeddingArguments,
  EmbeddingBackwardArguments,
  FillArguments,
  InverseNormArguments,
  MatmulArguments,
  Operations,
  ReluSquaredArguments,
  ReluSquaredBackwardArguments,
  RmsNormArguments,
  RmsNormBackwardArguments,
  RopeArguments,
  ScaleArguments,
  SgdStepArguments,
  SiluArguments,
  SiluBackwardArguments,
  SoftmaxArguments,
  SoftmaxBackwardArguments,
  SumArguments,
  SwigluArguments,
  SwigluBackwardArguments,
} from "./lib/tensor/operations.ts";
export { Random } from "./lib/tensor/random.ts";
export type { SampleArguments } from "./lib/tensor/sample.ts";
export { ReferenceBackend, type ReferenceBlock } from "./lib/tensor/reference_backend.ts";
export { type Block, type DType, Slice, type SliceOwner } from "./lib/tensor/slice.ts";
export { Tape, type TapeEntry, type TapeOptions } from "./lib/tensor/tape.ts";
export { Gradient, Tensor } from "./lib/tensor/tensor.ts";

// The model and its parts
export { add } from "./lib/model/add.ts";
export {
  type AttentionOptions,
  type AttentionWeights,
  type CachePlace,
  type KeyValueCache,
  multiheadSelfAttention,
  scaledDotProductAttention,
} from "./lib/model/attention.ts";
export type { ModelConfig, ModelConfigInput } from "./lib/model/config_fields.ts";
export { crossEntropy, crossEntropyByRow, type CrossEntropyOptions } from "./lib/model/cross_entropy.ts";
export { embedding } from "./lib/model/embedding.ts";
export { feedForward, type FeedForwardWeights, swiglu } from "./lib/model/feed_forward.ts";
export { linear } from "./lib/model/linear.ts";
export type { ParameterKind, ParameterShape } from "./lib/model/parameter_layout.ts";
export { type Parameter, type ParameterOptions, Parameters } from "./lib/model/parameters.ts";
export { reluSquared } from "./lib/model/relu_squared.ts";
export { rmsNorm } from "./lib/model/rms_norm.ts";
export { rope, type RopeTable, ropeTable } from "./lib/model/rope.ts";
export { silu } from "./lib/model/silu.ts";
export { softmax } from "./lib/model/softmax.ts";
export { type BlockOptions, type BlockWeights, transformerBlock } from "./lib/model/transformer_block.ts";
export {
  type ForwardOptions,
  TransformerLM,
  transformerLm,
  type TransformerOptions,
  type TransformerWeights,
} from "./lib/model/transformer_lm.ts";

// Generation
export { generate, generateBatch, type GeneratedToken, type GenerationOptions } from "./lib/model/generate.ts";
export { GenerationCache } from "./lib/model/kv_cache.ts";
export { Sampler, type SamplingOptions } from "./lib/model/sampling.ts";

// Optimizers
export { AdamW, type AdamWState } from "./lib/optim/adamw.ts";
export type { AdamWOptions } from "./lib/optim/adamw_settings.ts";
export { clipGradNorm, GradientClipper } from "./lib/optim/clip_grad_norm.ts";
export { type CosineSchedule, cosineSchedule } from "./lib/optim/cosine_schedule.ts";
export { type LinearSchedule, linearSchedule } from "./lib/optim/linear_schedule.ts";
export { Muon, type MuonOptions, type NamedTrainable } from "./lib/optim/muon.ts";
export { NewtonSchulz } from "./lib/optim/newton_schulz.ts";
export type { Moments, Optimizer } from "./lib/optim/optimizer.ts";
export { Sgd } from "./lib/optim/sgd.ts";
export type { Trainable } from "./lib/optim/trainable.ts";

// Training
export {
  type ExpectedState,
  loadCheckpoint,
  loadModel,
  readTrainingState,
  saveCheckpoint,
  type TrainingState,
  type TrainingStateInput,
} from "./lib/training/checkpoint.ts";
export { DivergenceError } from "./lib/training/divergence.ts";
export { evaluate, type Evaluation } from "./lib/training/evaluate.ts";
export { type Metrics, readMetrics } from "./lib/training/metrics.ts";
export { type ExportFormat, exportFormats } from "./lib/training/metrics_export.ts";
export { train, type TrainOptions, type TrainResult } from "./lib/training/train_loop.ts";
export { type OptimizerConfig, parseTrainingConfig, type TrainingConfig } from "./lib/training/training_config.ts";

// Accounting
export {
  type Account,
  account,
  type AccountOptions,
  type Line as AccountLine,
  type Section as AccountSection,
} from "./lib/accounting/account.ts";
export type { ScoresPolicy } from "./lib/accounting/activations.ts";
export {
  type DeviceLimits,
  devicePreset,
  devicePresets,
  type MatrixFormat,
  peakFlops,
} from "./lib/accounting/device_presets.ts";
export type { Expression as AccountExpression, Values as AccountValues } from "./lib/accounting/expression.ts";
export type { ImplementationMemory } from "./lib/accounting/implementation_memory.ts";
export type { AttentionCost } from "./lib/accounting/matrix_products.ts";
export { measureGeneration, type Measurement, measureTrainingStep } from "./lib/accounting/measure.ts";
export { modelPreset, modelPresets } from "./lib/accounting/model_presets.ts";
export type { ModelShape } from "./lib/accounting/model_shape.ts";
export type { OptimizerName } from "./lib/accounting/muon_update.ts";
export { type SymbolName, symbols as accountSymbols } from "./lib/accounting/symbols.ts";
export type { Precision } from "./lib/accounting/training_memory.ts";

// Models of Hugging Face transformers
export { type ImportedTokenizer, importRun } from "./lib/interop/import_run.ts";
export { type LlamaCheckpoint, type ModelSource, openLlama } from "./lib/interop/llama_checkpoint.ts";
export { readTransformersTokenizer } from "./lib/interop/transformers_tokenizer.ts";
export { writeLlama, type WriteLlamaOptions } from "./lib/interop/write_llama.ts";

// Devices
export { type DeviceName, deviceNames, type DeviceOptions, openDevice } from "./ffi/devices.ts";
export type { CpuOptions } from "./ffi/cpu/cpu_backend.ts";
export type { CudaOptions } from "./ffi/cuda/cuda_runtime.ts";
