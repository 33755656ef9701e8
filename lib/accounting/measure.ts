import { GenerationCache } from "../model/kv_cache.ts";
import { TransformerLM } from "../model/transformer_lm.ts";
import { AdamW } from "../optim/adamw.ts";
import { GradientClipper } from "../optim/clip_grad_norm.ts";
import { Muon } from "../optim/muon.ts";
import type { Arena } from "../tensor/arena.ts";
import { MetaDevice, type OperationCount } from "../tensor/meta_device.ts";
import { Tape } from "../tensor/tape.ts";
import { elements, Tensor } from "../tensor/tensor.ts";
import type { ModelShape } from "./model_shape.ts";
import type { OptimizerName } from "./muon_update.ts";

/** What running the real model showed. */
export interface Measurement {
  /** Operations by phase, component (`*` for the layer) and name, in order of first occurrence. */
  operations: OperationCount[];
  /** Bytes in use before the step: weights, gradients, optimizer state, constants; or weights and cache. */
  bytesBefore: bigint;
  /** Bytes that the forward pass kept, by component (`*` for the layer), without alignment. */
  keptBytes: Map<string, bigint>;
  /** Most bytes in use at once, with alignment. */
  peakBytes: bigint;
}

/**
 * Runs one training step of the real model, clipping and the optimizer on MetaDevice, at any size and in no memory:
 * what it counts is what the formulas must say.
 *
 * @param batchSize Sequences of context_length tokens.
 */
export function measureTrainingStep(
  shape: ModelShape,
  batchSize: number,
  optimizerName: OptimizerName = "adamw",
): Measurement {
  using device = new MetaDevice();
  using model = new TransformerLM(device, shape, { seed: 0 });
  using optimizer = optimizerName === "adamw" ? new AdamW(model.parameters) : new Muon(model.parameters);
  const bytesBefore = BigInt(device.memory.usedBytes);
  using tape = new Tape(device);
  const ids = () => withoutContent(tape.arena, [batchSize, shape.context_length]);
  device.clear();
  const loss = model.loss(tape, ids(), ids());
  const keptBytes = mergeBytes(device.liveBytes(tape.arena));
  model.parameters.zeroGradients();
  tape.backward(loss);
  const peakBytes = BigInt(device.memory.peakBytes);
  using clipper = new GradientClipper(device);
  clipper.measure(model.parameters.gradients!, 1);
  optimizer.step({ learningRate: 1, gradientScale: clipper.coefficient });
  return { operations: mergeOperations(device.counts()), bytesBefore, keptBytes, peakBytes };
}

/**
 * Runs generation with a KV cache on MetaDevice: the prompt in one pass, then one pass for each further token, the last
 * of which is not run through the model. Attention looks at the tokens in the cache alone; `generate()` rounds their
 * number up and masks what is too much, so that its work can be recorded.
 */
export function measureGeneration(
  shape: ModelShape,
  batchSize: number,
  promptLength: number,
  generatedTokens: number,
): Measurement & { cacheBytes: bigint } {
  using device = new MetaDevice();
  using model = new TransformerLM(device, shape, { trainable: false });
  const bytesOfModel = BigInt(device.memory.usedBytes);
  using cache = new GenerationCache(model, batchSize, promptLength + generatedTokens);
  const bytesBefore = BigInt(device.memory.usedBytes);
  using arena = device.arena("generation");
  device.clear();
  for (let length = promptLength; length < promptLength + generatedTokens; length++) {
    arena.reset();
    using tape = new Tape(device, { arena, recording: false });
    const fresh = length - cache.length;
    const tokens = withoutContent(arena, [batchSize, fresh]);
    model.forward(tape, tokens, { position: cache.length, caches: cache.layers, lastOnly: true });
    cache.length = length;
  }
  return {
    operations: mergeOperations(device.counts()),
    bytesBefore,
    cacheBytes: bytesBefore - bytesOfModel,
    keptBytes: new Map(),
    peakBytes: BigInt(device.memory.peakBytes),
  };
}

// Ids that nobody reads: a batch of any size costs no memory here.
function withoutContent(arena: Arena, shape: readonly number[]): Tensor {
  return new Tensor(arena.alloc(elements(shape), "i32"), shape);
}

function withoutLayer(component: string): string {
  return component.replace(/^layers\.\d+\./, "layers.*.");
}

function mergeBytes(bytes: ReadonlyMap<string, number>): Map<string, bigint> {
  const merged = new Map<string, bigint>();
  for (const [component, count] of bytes) {
    const name = withoutLayer(component);
    merged.set(name, (merged.get(name) ?? 0n) + BigInt(count));
  }
  return merged;
}

function mergeOperations(counts: readonly OperationCount[]): OperationCount[] {
  const merged = new Map<string, OperationCount>();
  for (const count of counts) {
    const component = withoutLayer(count.component);
    const key = [count.phase, component, count.operation].join("/");
    const known = merged.get(key);
    if (known === undefined) {
      merged.set(key, { ...count, component });
      continue;
    }
    known.calls += count.calls;
    known.flops += count.flops;
    known.skippedFlops += count.skippedFlops;
    known.recomputedFlops += count.recomputedFlops;
    known.otherFlops += count.otherFlops;
    known.bytesRead += count.bytesRead;
    known.bytesWritten += count.bytesWritten;
  }
  return [...merged.values()];
}
