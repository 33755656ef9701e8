// Builds the WebAssembly modules of the cpu device from ffi/cpu/assembly: kernels.wasm uses relaxed FMA,
// kernels_simd.wasm does not. Both are committed, so that only who changes a kernel needs the compiler; a test rebuilds
// them and compares bytes.
//
//     deno task build_kernels            # in their place
//     deno task build_kernels FOLDER     # into another folder

import { CONSTANTS_ADDRESS } from "./work_queue.ts";

/** One module: its file and what it needs beyond SIMD, threads and bulk memory. */
export interface KernelModule {
  /** Name of its file. */
  readonly name: string;
  /** Path of the built module. */
  readonly file: URL;
  /** Whether it uses relaxed SIMD, that is fused multiply-add. */
  readonly relaxed: boolean;
}

/** The modules that are built. */
export const kernelModules: readonly KernelModule[] = [
  { name: "kernels.wasm", file: new URL("kernels.wasm", import.meta.url), relaxed: true },
  { name: "kernels_simd.wasm", file: new URL("kernels_simd.wasm", import.meta.url), relaxed: false },
];

/** What is used of AssemblyScript's compiler. */
interface Compiler {
  main(args: string[], io: {
    stderr: { write(text: string): void };
    readFile(name: string): string | null;
    writeFile(name: string, contents: string | Uint8Array): void;
    listFiles(): string[];
  }): Promise<{ error: Error | null }>;
}

// 100 MB, named at run time and locked in dev.lock, so that it is no part of what a user's first command installs.
const COMPILER = "npm:assemblyscript@0.28.8/asc";

/**
 * Compiles one module in memory.
 *
 * @param relaxed Whether to use relaxed SIMD.
 * @returns The module's bytes; equal sources and compilers give equal bytes.
 * @throws {Error} If a source has errors, with the compiler's messages.
 */
async function buildKernels(relaxed: boolean): Promise<Uint8Array<ArrayBuffer>> {
  const sources = new URL("assembly/", import.meta.url);
  let binary: Uint8Array | undefined;
  const messages: string[] = [];
  const { default: compiler }: { default: Compiler } = await import(COMPILER);
  const result = await compiler.main([
    "index.ts",
    ...["--outFile", "kernels.wasm", "-O3", "--noAssert", "--runtime", "stub", "--use", "abort="],
    ...["--enable", relaxed ? "simd,threads,relaxed-simd" : "simd,threads"],
    ...["--memoryBase", `${CONSTANTS_ADDRESS}`],
    ...["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"],
    // Addresses are 32 bits; that a literal would become an i64 in 64-bit memory is no concern.
    ...["--disableWarning", "201"],
  ], {
    stderr: { write: (text) => void messages.push(text) },
    readFile: (name) => {
      try {
        return Deno.readTextFileSync(new URL(name, sources));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return null;
        throw error;
      }
    },
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") binary = contents;
    },
    listFiles: () => [],
  });
  if (result.error || binary === undefined) {
    throw new Error(`Cannot build the kernels: ${messages.join("")}${result.error?.message ?? "no module came out"}`);
  }
  return new Uint8Array(binary);
}

if (import.meta.main) {
  const folder = Deno.args[0];
  for (const { name, file, relaxed } of kernelModules) {
    await Deno.writeFile(folder === undefined ? file : `${folder}/${name}`, await buildKernels(relaxed));
  }
}
