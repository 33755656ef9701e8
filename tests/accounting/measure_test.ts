import { assertEquals } from "@std/assert";
import { total } from "../../lib/accounting/component.ts";
import { evaluate, type Values } from "../../lib/accounting/expression.ts";
import { kvCacheBytes } from "../../lib/accounting/generation_cost.ts";
import { implementationMemory, keptActivations } from "../../lib/accounting/implementation_memory.ts";
import {
  decodingOperations,
  type ImplementationOperation,
  prefillOperations,
  trainingOperations,
} from "../../lib/accounting/implementation_operations.ts";
import { matrixProducts, trainingPositions } from "../../lib/accounting/matrix_products.ts";
import { measureGeneration, type Measurement, measureTrainingStep } from "../../lib/accounting/measure.ts";
import { modelPresets } from "../../lib/accounting/model_presets.ts";
import { type ModelShape, valuesOf } from "../../lib/accounting/model_shape.ts";
import type { OptimizerName } from "../../lib/accounting/muon_update.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { MetaDevice } from "../../lib/tensor/meta_device.ts";
import { parameterComponents, parameterCount } from "../../lib/accounting/parameters.ts";
import { Random } from "../../lib/tensor/random.ts";
import { randomModel, variants } from "./random_models.ts";

type Costs = Record<string, Record<string, bigint>>;

// Calls, FLOPs and bytes of each operation in each component and pass, summed over its lines.
function predicted(operations: readonly ImplementationOperation[], values: Values, costs: Costs = {}): Costs {
  for (const { phase, component, operation, ...line } of operations) {
    add(costs, `${phase} ${component} ${operation}`, {
      calls: evaluate(line.calls, values),
      flops: evaluate(line.flops, values),
      otherFlops: evaluate(line.otherFlops, values),
      bytesRead: evaluate(line.bytesRead, values),
      bytesWritten: evaluate(line.bytesWritten, values),
    });
  }
  return costs;
}

function measured({ operations }: Measurement): Costs {
  const costs: Costs = {};
  for (const { phase, component, operation, calls, flops, otherFlops, bytesRead, bytesWritten } of operations) {
    add(costs, `${phase} ${component} ${operation}`, {
      calls: BigInt(calls),
      flops,
      otherFlops,
      bytesRead,
      bytesWritten,
    });
  }
  return costs;
}

function add(costs: Costs, key: string, line: Record<string, bigint>): void {
  if (line.calls === 0n) return;
  const known = costs[key] ?? {};
  costs[key] = Object.fromEntries(Object.entries(line).map(([name, value]) => [name, value + (known[name] ?? 0n)]));
}

function assertTraining(shape: ModelShape, batchSize: number) {
  for (const optimizer of ["adamw", "muon"] as const) assertTrainingWith(optimizer, shape, batchSize);
}

function assertTrainingWith(optimizer: OptimizerName, shape: ModelShape, batchSize: number) {
  const values = valuesOf(shape, batchSize);
  const measurement = measureTrainingStep(shape, batchSize, optimizer);
  const about = `${optimizer}, ${JSON.stringify(shape)}, batch ${batchSize}`;
  assertEquals(measured(measurement), predicted(trainingOperations(shape, optimizer), values), about);
  const memory = implementationMemory(shape, values, optimizer);
  assertEquals(measurement.bytesBefore, memory.total - memory.activations, about);
  assertEquals(measurement.peakBytes, memory.total, about);
  const kept: Record<string, bigint> = {};
  for (const { name, count } of keptActivations(shape)) {
    const component = name.split(",")[0];
    kept[component] = (kept[component] ?? 0n) + evaluate(count, values);
  }
  const { "": ids, ...keptByComponent } = Object.fromEntries(measurement.keptBytes);
  assertEquals({ "tokens and targets": ids, ...keptByComponent }, kept, about);
}

function assertGeneration(shape: ModelShape, batchSize: number, promptLength: number, generatedTokens: number) {
  const values = { ...valuesOf(shape, batchSize), p: BigInt(promptLength), t: 1n };
  const costs = predicted(promptLength === 1 ? decodingOperations(shape) : prefillOperations(shape), values);
  for (let t = promptLength + 1; t < promptLength + generatedTokens; t++) {
    predicted(decodingOperations(shape), { ...valuesOf(shape, batchSize), t: BigInt(t) }, costs);
  }
  const about = `${JSON.stringify(shape)}, batch ${batchSize}, prompt ${promptLength}, ${generatedTokens} tokens`;
  assertEquals(measured(measureGeneration(shape, batchSize, promptLength, generatedTokens)), costs, about);
}

Deno.test("training: measured equals formula, operation by operation, for every preset", () => {
  for (const shape of Object.values(modelPresets)) assertTraining(shape, 2);
});

Deno.test("training: measured equals formula, operation by operation, for every variant", () => {
  for (const variant of variants) {
    assertTraining({
      vocab_size: 1_000,
      context_length: 48,
      num_layers: 3,
      d_model: 96,
      num_heads: 6,
      num_kv_heads: 2,
      d_ff: 250,
      ...variant,
    }, 5);
  }
});

Deno.test("training: measured equals formula, operation by operation, for 50 random models", () => {
  const random = new Random(40);
  for (let i = 0; i < 50; i++) assertTraining(randomModel(random), 1 + random.below(5));
});

Deno.test("the handout's account and this library's agree: forward equal, backward twice that and the scores again", () => {
  const random = new Random(42);
  for (let i = 0; i < 50; i++) {
    const shape = randomModel(random);
    const values = valuesOf(shape, 3);
    const flops = (phase: string) =>
      trainingOperations(shape).filter((operation) => operation.phase === phase)
        .reduce((sum, { flops }) => sum + evaluate(flops, values), 0n);
    const products = matrixProducts(shape, trainingPositions("causal"));
    const forward = evaluate(total(products), values);
    const scores = evaluate(products.find(({ name }) => name === "attention scores")!.count, values);
    assertEquals([flops("forward"), flops("backward"), flops("update")], [forward, 2n * forward + scores, 0n]);
  }
});

Deno.test("the KV cache takes the bytes that the formula says", () => {
  const shape = modelPresets["llama3-8b"];
  const { cacheBytes } = measureGeneration(shape, 2, 60, 4);
  assertEquals(cacheBytes, evaluate(kvCacheBytes(shape, "float32"), { ...valuesOf(shape, 2), t: 64n }));
});

Deno.test("parameters counted on the real model are those of the formula, for every preset", () => {
  for (const shape of Object.values(modelPresets)) {
    using device = new MetaDevice();
    using model = new TransformerLM(device, shape);
    assertEquals(BigInt(model.parameters.count), evaluate(parameterCount(shape), valuesOf(shape)));
    const byName = new Map<string, bigint>();
    for (const { name, shape } of model.parameters.named.values()) {
      const merged = name.replace(/^layers\.\d+/, "layers.*");
      byName.set(merged, (byName.get(merged) ?? 0n) + BigInt(shape.reduce((a, b) => a * b)));
    }
    const formulas = parameterComponents(shape).map(({ name, count }) => [name, evaluate(count, valuesOf(shape))]);
    assertEquals(Object.fromEntries(byName), Object.fromEntries(formulas));
  }
});

Deno.test("generation: measured equals formula, operation by operation, for every preset and variant", () => {
  for (const shape of Object.values(modelPresets)) assertGeneration(shape, 2, 20, 4);
  for (const variant of variants) {
    assertGeneration({ ...modelPresets["tinystories"], num_kv_heads: 4, ...variant }, 3, 5, 3);
  }
});

Deno.test("generation: measured equals formula, operation by operation, for 50 random models", () => {
  const random = new Random(41);
  for (let i = 0; i < 50; i++) {
    const shape = { ...randomModel(random), context_length: 16 };
    assertGeneration(shape, 1 + random.below(3), 1 + random.below(8), 1 + random.below(5));
  }
});
