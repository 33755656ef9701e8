import { createHash } from "node:crypto";
import type { Driver } from "./driver.ts";
import { CU_LAUNCH_PARAM_BUFFER_POINTER, CU_LAUNCH_PARAM_BUFFER_SIZE, CU_LAUNCH_PARAM_END } from "./driver_symbols.ts";
import type { HostMemory } from "./host_memory.ts";
import { type KernelSignature, kernelSignatures } from "./kernel_signature.ts";
import { kernelSource } from "./kernel_sources.ts";
import { type LaunchConfiguration, SHARED_BYTES_UNASKED } from "./launch_configuration.ts";
import type { Nvrtc } from "./nvrtc.ts";

const LARGEST_PARAMETERS = 4096;
const TWO_32 = 2 ** 32;

interface Kernel extends KernelSignature {
  readonly handle: bigint;
  /** The dynamic shared memory that it is allowed so far. */
  sharedBytes: number;
}

/** Where kernels are compiled and loaded. */
export interface KernelModuleOptions {
  /** The driver; a context must be current. */
  driver: Driver;
  /** The compiler. */
  nvrtc: Nvrtc;
  /** Type of activations and weights. */
  dtype: "f32" | "bf16";
  /** The GPU's compute capability times ten. */
  architecture: number;
  /** What to compile for; see {@linkcode Nvrtc.targetFor}. */
  target: string;
  /** Shared memory that a block may have, in bytes. */
  sharedBytesPerBlock: number;
  /** 8 KiB that calls use one after another: a launch's parameters, a compilation's options. */
  callMemory: HostMemory;
  /** Folder for compiled kernels, made where it may be; none: they are compiled every time. */
  cacheFolder?: string;
}

/** The kernels of one element type, compiled and loaded, and their launch. */
export class KernelModule implements Disposable {
  readonly #driver: Driver;
  readonly #module: bigint;
  readonly #sharedBytesPerBlock: number;
  readonly #signatures: Map<string, KernelSignature>;
  readonly #kernels = new Map<string, Kernel>();
  // Parameters of a launch lie packed in one piece of memory, behind it their size; the driver copies them. Nothing is
  // allocated for a launch.
  readonly #parameters: DataView;
  readonly #extra: Uint8Array<ArrayBuffer>;

  /** Compiles the kernels, or takes them from the cache, and loads them. */
  constructor(options: KernelModuleOptions) {
    const { driver, nvrtc, dtype, architecture, target, cacheFolder, callMemory } = options;
    const source = kernelSource(dtype, architecture, target);
    const compile = () => nvrtc.compile(`denolm_${dtype}.cu`, source.text, source.options, callMemory);
    const image = cacheFolder === undefined ? compile() : cached(
      cacheFolder,
      `kernels-${sha256([nvrtc.version, ...source.options, source.text].join("\n"))}.cubin`,
      compile,
    );
    this.#driver = driver;
    this.#sharedBytesPerBlock = options.sharedBytesPerBlock;
    this.#signatures = kernelSignatures(source.text);
    this.#module = driver.loadModule(image);
    const { bytes, address } = callMemory;
    this.#parameters = new DataView(bytes.buffer, bytes.byteOffset, LARGEST_PARAMETERS + 8);
    this.#extra = new Uint8Array(
      BigUint64Array.of(
        CU_LAUNCH_PARAM_BUFFER_POINTER,
        address,
        CU_LAUNCH_PARAM_BUFFER_SIZE,
        address + BigInt(LARGEST_PARAMETERS),
        CU_LAUNCH_PARAM_END,
      ).buffer,
    );
  }

  /**
   * Queues a kernel.
   *
   * @param values Its parameters in the order of the declaration; device addresses as numbers, 0 for null.
   * @throws {RangeError} If values are missing, or grid, block or shared memory are larger than CUDA, the kernel or the
   * GPU allow.
   */
  launch(
    name: string,
    { grid, block, sharedBytes }: LaunchConfiguration,
    values: readonly number[],
    stream: bigint,
  ): void {
    const kernel = this.#kernels.get(name) ?? this.#load(name);
    const { fields, bytes, handle } = kernel;
    if (values.length !== fields.length) {
      throw new RangeError(
        `Cannot launch ${name}: ${values.length} values for ${fields.length} parameters; give each one`,
      );
    }
    if (grid[1] > 65_535 || grid[2] > 65_535 || grid[0] >= 2 ** 31) {
      throw new RangeError(`Cannot launch ${name}: ${grid.join(" x ")} blocks; CUDA allows 2^31 - 1 x 65,535 x 65,535`);
    }
    if (block > kernel.threads) {
      throw new RangeError(
        `Cannot launch ${name}: ${block} threads to a block, it was compiled for ${kernel.threads}; say so with ` +
          `__launch_bounds__`,
      );
    }
    if (sharedBytes > kernel.sharedBytes) this.#allowShared(name, kernel, sharedBytes);
    const view = this.#parameters;
    for (let i = 0; i < fields.length; i++) {
      const { kind, offset } = fields[i];
      const value = values[i];
      if (kind === "float") {
        view.setFloat32(offset, value, true);
      } else if (kind === "int32") {
        view.setInt32(offset, value, true);
      } else { // Both halves of a non-negative number below 2^53.
        view.setUint32(offset, value % TWO_32, true);
        view.setUint32(offset + 4, value / TWO_32, true);
      }
    }
    view.setBigUint64(LARGEST_PARAMETERS, BigInt(bytes), true);
    const code = this.#driver.symbols.cuLaunchKernel(
      handle,
      ...grid,
      block,
      1,
      1,
      sharedBytes,
      stream,
      null,
      this.#extra,
    );
    if (code !== 0) {
      this.#driver.check("cuLaunchKernel", code, { kernel: name, grid: grid.join(" x "), block, sharedBytes });
    }
  }

  #load(name: string): Kernel {
    const signature = this.#signatures.get(name);
    if (signature === undefined) {
      throw new RangeError(
        `Cannot launch ${name}: no such kernel; the sources have ${[...this.#signatures.keys()].join(", ")}`,
      );
    }
    const kernel = { ...signature, handle: this.#driver.kernel(this.#module, name), sharedBytes: SHARED_BYTES_UNASKED };
    this.#kernels.set(name, kernel);
    return kernel;
  }

  // No more than a launch needs: the GPU's limit holds for this and what the compiler gave the kernel together.
  #allowShared(name: string, kernel: Kernel, bytes: number): void {
    if (bytes > this.#sharedBytesPerBlock) {
      throw new RangeError(
        `Cannot launch ${name}: a block takes ${bytes} bytes of shared memory, this GPU has ` +
          `${this.#sharedBytesPerBlock}; use smaller heads`,
      );
    }
    this.#driver.allowShared(kernel.handle, bytes, { kernel: name, sharedBytes: bytes });
    kernel.sharedBytes = bytes;
  }

  /** Unloads the kernels. */
  [Symbol.dispose](): void {
    this.#driver.check("cuModuleUnload", this.#driver.symbols.cuModuleUnload(this.#module));
  }
}

// A file of the cache, or what `make` gives, kept there for the next time if the folder may be written. A rename makes
// it appear whole.
function cached(folder: string, name: string, make: () => Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const path = `${folder}/${name}`;
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const made = make();
  if (Deno.permissions.querySync({ name: "write", path: folder }).state !== "granted") return made;
  Deno.mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${crypto.randomUUID()}`;
  Deno.writeFileSync(temporary, made);
  Deno.renameSync(temporary, path);
  return made;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
