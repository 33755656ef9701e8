import type { Recording } from "../../lib/tensor/device.ts";
import type { Block, DType, Slice } from "../../lib/tensor/slice.ts";
import { Cublas, type CublasOptions } from "./cublas.ts";
import { CublasLt } from "./cublaslt.ts";
import { type DeviceProperties, Driver } from "./driver.ts";
import { LibraryNotFoundError } from "./find_library.ts";
import { type HostMemory, PinnedMemory } from "./host_memory.ts";
import { KernelModule } from "./kernel_module.ts";
import type { LaunchConfiguration } from "./launch_configuration.ts";
import { Nvrtc } from "./nvrtc.ts";
import { Staging } from "./staging.ts";

/** How to open a GPU. */
export interface CudaOptions {
  /** Number of the GPU; 0 if left out. */
  device?: number;
  /** Whether float32 products may round their operands to TF32; false if left out. */
  tf32?: boolean;
  /** Folder in which compiled kernels are kept (some hundred KB each), made where it may be; none if left out. */
  kernelCache?: string;
  /** Whether work may be recorded as CUDA graphs; true if left out. */
  graphs?: boolean;
  /** Paths of the libraries; looked for where left out. */
  libraries?: { driver?: string; nvrtc?: string; cublasLt?: string; cublas?: string };
}

/** A piece of GPU memory. */
export interface CudaBlock extends Block {
  /** Device address; below 2^53, as all that CUDA gives (it uses 49 bits at most). */
  readonly address: number;
}

// cuBLASLt asks for 32 MiB on Hopper and later; elsewhere 4 MiB give all of its algorithms.
const WORKSPACE_BYTES = { hopper: 32 << 20, before: 4 << 20 };
// For what calls point to: a launch's parameters, a compilation's options.
const ARGUMENT_BYTES = 8 << 10;

/**
 * What the operations on a GPU stand on: context, one stream, memory, compiled kernels, and cuBLASLt. Everything is
 * queued on the one stream, in order, from one thread. Several GPUs may be open at once: whoever gets at the driver or
 * at cuBLAS through here finds this GPU's context current.
 */
export class CudaRuntime implements Disposable {
  /** What is known of the GPU. */
  readonly properties: DeviceProperties;
  /** The compiler. */
  readonly nvrtc: Nvrtc;
  /** The stream on which all work is queued. */
  readonly stream: bigint;
  readonly #driver: Driver;
  readonly #cublasLt: CublasLt;
  readonly #options: CudaOptions;
  readonly #arguments: HostMemory;
  readonly #staging: Staging;
  readonly #cleanup = new DisposableStack();
  readonly #cublasOptions: CublasOptions;
  // Undefined until a product needs it; null if it is not there.
  #cublas: Cublas | null | undefined;
  readonly #modules = new Map<"f32" | "bf16", KernelModule>();
  readonly #graphs = new Set<bigint>();
  // What kernels are compiled for.
  readonly #target: string;
  // Scratch of one operation at a time. Memory that was outgrown is kept, since a recorded graph may use it.
  #scratch: { address: number; bytes: number }[] = [];
  #recording = false;

  /**
   * Opens a GPU.
   *
   * @throws {LibraryNotFoundError} If a library is missing.
   * @throws {CudaError} If there is no such GPU, or the driver is too old.
   */
  constructor(options: CudaOptions = {}) {
    const { device = 0, tf32 = false, libraries = {} } = options;
    this.#options = options;
    using opening = new DisposableStack();
    const driver = this.#driver = opening.use(new Driver(libraries.driver));
    const { newestMajor } = driver;
    this.properties = driver.deviceProperties(device);
    driver.openContext(device);
    opening.defer(() => driver.closeContext(device));
    const stream = this.stream = driver.createStream();
    opening.defer(() => driver.ended(() => driver.destroyStream(stream)));
    const pinned = opening.use(new PinnedMemory(driver, Staging.BYTES + ARGUMENT_BYTES));
    this.#staging = opening.use(new Staging(driver, stream, pinned.part(0, Staging.BYTES)));
    this.#arguments = pinned.part(Staging.BYTES, ARGUMENT_BYTES);
    this.nvrtc = opening.use(new Nvrtc({ path: libraries.nvrtc, newestMajor }));
    refuseNewer(this.nvrtc, driver);
    this.#target = this.nvrtc.targetFor(this.properties.architecture);
    const bytes = this.properties.architecture >= 90 ? WORKSPACE_BYTES.hopper : WORKSPACE_BYTES.before;
    const address = driver.allocate(bytes);
    opening.defer(() => driver.ended(() => driver.free(address)));
    const shared = {
      newestMajor,
      tf32,
      workspace: { address, bytes },
      isRecording: () => this.#recording,
      ended: (free: () => void) => driver.ended(free),
    };
    this.#cublasLt = opening.use(new CublasLt({ path: libraries.cublasLt, ...shared }));
    this.#cublasOptions = { path: libraries.cublas, stream, ...shared };
    this.#cleanup = opening.move();
  }

  /** The driver. */
  get driver(): Driver {
    this.#driver.makeCurrent();
    return this.#driver;
  }

  /** Matrix products. */
  get cublasLt(): CublasLt {
    this.#driver.makeCurrent();
    return this.#cublasLt;
  }

  /** cuBLAS beside cuBLASLt, opened when it is first needed; undefined where it is not installed or not permitted. */
  cublas(): Cublas | undefined {
    this.#driver.makeCurrent();
    if (this.#cublas !== undefined) return this.#cublas ?? undefined;
    if (this.#recording) {
      throw new Error("Cannot open cuBLAS while recording; run the same work once before recording it");
    }
    try {
      this.#cublas = new Cublas(this.#cublasOptions);
    } catch (error) {
      if (!(error instanceof LibraryNotFoundError)) throw error;
      this.#cublas = null;
    }
    return this.#cublas ?? undefined;
  }

  /** Device address of a slice's first element. */
  address(slice: Slice): number {
    return (slice.block as CudaBlock).address + slice.byteOffset;
  }

  /** Takes GPU memory, aligned to 256 bytes. */
  reserve(bytes: number): CudaBlock {
    return { bytes, address: Number(this.driver.allocate(bytes)) };
  }

  /** Returns GPU memory once queued work has ended. */
  unreserve({ address }: CudaBlock): void {
    this.driver.ended(() => {
      this.synchronize();
      this.driver.free(BigInt(address));
    });
  }

  /**
   * Memory that one operation may use until the next one asks.
   *
   * @throws {Error} If it must grow while a graph is recorded.
   */
  scratch(bytes: number): number {
    const current = this.#scratch.at(-1);
    if (current !== undefined && current.bytes >= bytes) return current.address;
    if (this.#recording) {
      throw new Error(
        `Cannot take ${bytes} bytes of scratch while recording; run the same work once before recording it`,
      );
    }
    // Doubling keeps what was outgrown below the size in use.
    const size = Math.max(bytes, 2 * (current?.bytes ?? 1 << 19));
    this.#scratch.push({ address: Number(this.driver.allocate(size)), bytes: size });
    return this.#scratch.at(-1)!.address;
  }

  /** Queues a kernel of an element type's module; see {@link KernelModule.launch}. */
  launch(name: string, dtype: DType, configuration: LaunchConfiguration, values: readonly number[]): void {
    this.#driver.makeCurrent();
    this.#module(dtype).launch(name, configuration, values, this.stream);
  }

  #module(dtype: DType): KernelModule {
    const type = dtype === "bf16" ? "bf16" : "f32";
    let module = this.#modules.get(type);
    if (module === undefined) {
      if (this.#recording) {
        throw new Error(`Cannot compile ${type} kernels while recording; run the same work once before recording it`);
      }
      const { driver, nvrtc, properties } = this;
      const { architecture, sharedBytesPerBlock } = properties;
      const cacheFolder = this.#options.kernelCache;
      module = new KernelModule({
        ...{ driver, nvrtc, dtype: type, architecture, target: this.#target, sharedBytesPerBlock, cacheFolder },
        callMemory: this.#arguments,
      });
      this.#modules.set(type, module);
    }
    return module;
  }

  /** Writes numbers of the host. Takes them at once; the copy happens in the order of the stream. */
  upload(to: Slice, data: Float32Array | Int32Array): void {
    this.#driver.makeCurrent();
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#staging.upload(this.address(to), to.bytes, (piece, start) => {
      if (to.dtype !== "bf16") return piece.set(bytes.subarray(start, start + piece.length));
      const [first, count] = [start / 2, piece.length / 2];
      roundToBf16(data.subarray(first, first + count), new Uint16Array(piece.buffer, piece.byteOffset, count));
    });
  }

  /** Reads numbers back, after all work before. */
  download(from: Slice, data: Float32Array | Int32Array): void {
    const target = from.dtype === "bf16" ? new Uint16Array(data.length) : data;
    const code = this.driver.symbols.cuMemcpyDtoHAsync_v2(
      bytesOf(target),
      BigInt(this.address(from)),
      BigInt(from.bytes),
      this.stream,
    );
    this.driver.check("cuMemcpyDtoH", code, { bytes: from.bytes });
    this.synchronize();
    if (target instanceof Uint16Array) widenBf16(target, data);
  }

  /** Waits for all work. */
  synchronize(): void {
    this.driver.synchronize(this.stream);
  }

  /**
   * Records what `work` queues, without running it, as a graph that one call replays. `work` must not allocate, upload
   * or download, which `Device` refuses; run it once before, so that kernels are compiled and scratch is taken.
   */
  record(work: () => void): Recording {
    this.driver.beginCapture(this.stream);
    this.#recording = true;
    try {
      work();
    } catch (error) {
      this.driver.abandonCapture(this.stream);
      throw error;
    } finally {
      this.#recording = false;
    }
    const graph = this.driver.endCapture(this.stream);
    this.#graphs.add(graph);
    return {
      replay: () => {
        if (!this.#graphs.has(graph)) {
          throw new Error("Cannot replay a recording: it was disposed of, or its device; record it again");
        }
        const { driver, stream } = this;
        driver.check("cuGraphLaunch", driver.symbols.cuGraphLaunch(graph, stream));
      },
      [Symbol.dispose]: () => {
        if (this.#graphs.delete(graph)) this.#endGraph(graph);
      },
    };
  }

  /** Milliseconds that the GPU takes for what `work` queues. */
  measure(work: () => void): number {
    const { driver, stream } = this;
    using events = new DisposableStack();
    const [start, end] = [0, 1].map(() => {
      const event = driver.createEvent();
      events.defer(() => driver.ended(() => driver.destroyEvent(event)));
      return event;
    });
    driver.check("cuEventRecord", driver.symbols.cuEventRecord(start, stream));
    work();
    driver.check("cuEventRecord", driver.symbols.cuEventRecord(end, stream));
    return driver.elapsed(start, end);
  }

  #endGraph(graph: bigint): void {
    this.driver.ended(() => {
      this.synchronize();
      this.driver.check("cuGraphExecDestroy", this.driver.symbols.cuGraphExecDestroy(graph));
    });
  }

  /** Ends graphs, kernels, memory, context and libraries. */
  [Symbol.dispose](): void {
    // Last comes first. A fault in a kernel may show only now, when its end is waited for; the rest is done all the
    // same.
    const driver = this.#driver;
    driver.ended(() => driver.makeCurrent());
    const cleanup = this.#cleanup;
    if (this.#cublas) cleanup.use(this.#cublas);
    for (const { address } of this.#scratch) cleanup.defer(() => driver.ended(() => driver.free(BigInt(address))));
    for (const module of this.#modules.values()) cleanup.defer(() => driver.ended(() => module[Symbol.dispose]()));
    for (const graph of this.#graphs) cleanup.defer(() => this.#endGraph(graph));
    cleanup.defer(() => driver.ended(() => this.synchronize()));
    this.#scratch = [];
    this.#modules.clear();
    this.#graphs.clear();
    cleanup.dispose();
  }
}

// A file without a version in its name may be newer than the driver, which then cannot load what it compiles.
function refuseNewer(nvrtc: Nvrtc, driver: Driver): void {
  if (Number.parseInt(nvrtc.version) <= driver.newestMajor) return;
  throw new Error(
    `Cannot use ${nvrtc.path}: it is of CUDA ${nvrtc.version}, the driver supports CUDA ${driver.versionText}; ` +
      `update the driver, or install NVRTC and cuBLAS of CUDA ${driver.newestMajor}`,
  );
}

function bytesOf(array: Float32Array | Int32Array | Uint16Array): Uint8Array<ArrayBuffer> {
  // Deno takes views of shared memory as buffers as well; the type knows only the other kind.
  return new Uint8Array(array.buffer as ArrayBuffer, array.byteOffset, array.byteLength);
}

// To nearest, ties to even; NaN stays NaN.
function roundToBf16(data: Float32Array | Int32Array, out: Uint16Array): void {
  const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i];
    out[i] = ((word & 0x7fffffff) > 0x7f800000 ? word | 0x400000 : word + 0x7fff + (word >>> 16 & 1)) >>> 16;
  }
}

function widenBf16(source: Uint16Array, out: Float32Array | Int32Array): void {
  const bits = new Uint32Array(out.buffer, out.byteOffset, out.length);
  for (let i = 0; i < bits.length; i++) bits[i] = source[i] << 16;
}
