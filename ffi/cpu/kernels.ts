/**
 * A kernel as WebAssembly exports it: computes items `first` to `last - 1` with the calling thread's scratch memory.
 * Kernels have different numbers of arguments, and WebAssembly drops those that a kernel does not have.
 */
export type Kernel = (first: number, last: number, scratch: number, ...values: readonly number[]) => void;

/** The kernels by name. */
export type Kernels = Readonly<Record<string, Kernel>>;

/** The longest list of arguments that a kernel has beyond first, last and scratch. */
export const MAX_ARGUMENTS = 24;

/** A compiled module, and whether its multiply-adds round once (relaxed FMA) or twice. */
export interface CompiledKernels {
  /** To be sent to Workers. */
  readonly module: WebAssembly.Module;
  /** True if the engine has relaxed SIMD. */
  readonly relaxed: boolean;
}

/**
 * Compiles the kernels: with relaxed FMA where the engine knows it, else with plain SIMD. Needs permission to read the
 * two .wasm files beside this file.
 *
 * @throws {Error} If the engine runs neither.
 */
export function compileKernels(): CompiledKernels {
  for (const relaxed of [true, false]) {
    const bytes = Deno.readFileSync(new URL(relaxed ? "kernels.wasm" : "kernels_simd.wasm", import.meta.url));
    if (WebAssembly.validate(bytes)) return { module: new WebAssembly.Module(bytes), relaxed };
  }
  throw new Error("Cannot open the cpu device: this engine has no WebAssembly SIMD with threads; use Deno 2 or later");
}

/** Binds the kernels to a memory; every thread does so for itself. */
export function instantiateKernels(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernels {
  return new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
}

/** Names of the kernels in an order that is the same on all threads, so that a number can stand for a kernel. */
export function kernelNames(module: WebAssembly.Module): string[] {
  return WebAssembly.Module.exports(module).filter(({ kind }) => kind === "function").map(({ name }) => name).sort();
}
