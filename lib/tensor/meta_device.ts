import type { Arena } from "./arena.ts";
import { type Backend, Device, type Scope } from "./device.ts";
import { type OperationCost, operationCosts } from "./operation_costs.ts";
import type { Operations } from "./operations.ts";
import type { Block, DType, Slice } from "./slice.ts";

/** All calls of one operation in one part of the model and one pass. */
export interface OperationCount extends OperationCost, Scope {
  /** Name of the operation. */
  operation: keyof Operations;
  /** Number of calls. */
  calls: number;
}

/** Sums of operation costs. */
export interface CostTotal extends OperationCost {
  /** Number of calls. */
  calls: number;
}

/**
 * A device that computes nothing and counts everything: the same checks, arenas and scopes as any other, and for every
 * operation its exact cost. Running a model on it measures the model, at any size and in no memory.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * using device = new MetaDevice();
 * using arena = device.arena("example");
 * const [a, b, c] = [1e9, 1e9, 1e10].map((length) => arena.alloc(length, "f32"));
 * device.scope.component = "head";
 * device.matmul({ a, b, c, m: 1e5, n: 1e5, k: 1e4 });
 * assertEquals(device.total({ component: "head" }).flops, 200_000_000_000_000n);
 * assertEquals(device.memory.peakBytes, 48e9);
 * ```
 */
export class MetaDevice extends Device {
  #counts = new Map<string, OperationCount>();
  #live = new Map<Arena, Map<Slice, string>>();

  /** A device that has counted nothing yet. */
  constructor() {
    super(new MetaBackend((operation, cost) => this.#count(operation, cost)));
  }

  /** What was counted, in order of first occurrence. */
  counts(): OperationCount[] {
    return [...this.#counts.values()].map((count) => ({ ...count }));
  }

  /**
   * Sums of what was counted.
   *
   * @param filter Only this phase, this operation, or this component and what lies below it ("layers.0" includes
   * "layers.0.attn.qkv").
   */
  total(filter: { phase?: Scope["phase"]; operation?: keyof Operations; component?: string } = {}): CostTotal {
    const { phase, operation, component } = filter;
    const total = { calls: 0, ...NOTHING };
    for (const count of this.#counts.values()) {
      if (phase !== undefined && count.phase !== phase) continue;
      if (operation !== undefined && count.operation !== operation) continue;
      if (component !== undefined && count.component !== component && !count.component.startsWith(`${component}.`)) {
        continue;
      }
      addTo(total, count);
      total.calls += count.calls;
    }
    return total;
  }

  /**
   * Bytes in use in an arena now, by the component that took them, without alignment: after a forward pass, what the
   * backward pass needs.
   */
  liveBytes(arena: Arena): Map<string, number> {
    const bytes = new Map<string, number>();
    for (const [slice, component] of this.#live.get(arena) ?? []) {
      bytes.set(component, (bytes.get(component) ?? 0) + slice.bytes);
    }
    return bytes;
  }

  /** Forgets the operations counted; memory stays as it is. */
  clear(): void {
    this.#counts.clear();
  }

  /** Notes who took a slice. */
  override allocated(arena: Arena, bytes: number, slice: Slice): void {
    super.allocated(arena, bytes, slice);
    if (!Number.isSafeInteger(this.memory.usedBytes)) {
      throw new RangeError(
        `Cannot count the memory: ${this.memory.usedBytes} bytes are in use; counting is exact below 2^53 bytes`,
      );
    }
    let live = this.#live.get(arena);
    if (live === undefined) this.#live.set(arena, live = new Map());
    live.set(slice, this.scope.component);
  }

  /** Notes what was given back. */
  override released(arena: Arena, bytes: number, slice?: Slice): void {
    super.released(arena, bytes, slice);
    if (slice === undefined) this.#live.delete(arena);
    else this.#live.get(arena)?.delete(slice);
  }

  #count(operation: keyof Operations, cost: OperationCost): void {
    const { component, phase } = this.scope;
    const key = `${phase}/${component}/${operation}`;
    let count = this.#counts.get(key);
    if (count === undefined) {
      this.#counts.set(key, count = { operation, component, phase, calls: 0, ...NOTHING });
    }
    addTo(count, cost);
    count.calls++;
  }
}

const NOTHING: Readonly<OperationCost> = {
  flops: 0n,
  skippedFlops: 0n,
  recomputedFlops: 0n,
  otherFlops: 0n,
  bytesRead: 0n,
  bytesWritten: 0n,
};

function addTo(total: OperationCost, cost: OperationCost): void {
  for (const key of Object.keys(NOTHING) as (keyof OperationCost)[]) total[key] += cost[key];
}

type Counter = (operation: keyof Operations, cost: OperationCost) => void;

type Counted = { [Name in keyof Operations]: Operations[Name] };

// Every operation of the interface, as a call of the counter.
function countedOperations(count: Counter): Counted {
  const names = Object.keys(operationCosts) as (keyof Operations)[];
  return Object.fromEntries(names.map((name) => [
    name,
    // deno-lint-ignore no-explicit-any -- the arguments belong to the name, which TypeScript does not follow here
    (args: any) => count(name, operationCosts[name](args)),
  ])) as unknown as Counted;
}

// A class with the operations of an object: TypeScript cannot see that the constructor assigns them all.
const CountedOperations = class {
  constructor(count: Counter) {
    Object.assign(this, countedOperations(count));
  }
} as new (count: Counter) => Operations;

class MetaBackend extends CountedOperations implements Backend {
  readonly name = "meta";
  readonly description = "counts, computes nothing";
  readonly dtypes: readonly DType[] = ["f32", "i32", "bf16"];
  readonly computes = false;

  reserve(bytes: number): Block {
    return { bytes };
  }

  unreserve(_block: Block): void {}

  upload(_to: Slice, _data: Float32Array | Int32Array): void {}

  download(from: Slice, data: Float32Array | Int32Array): void {
    if (from.dtype !== "i32") data.fill(NaN);
  }

  synchronize(): void {}

  [Symbol.dispose](): void {}
}
