import { type CallDetails, checkStatus, CudaError, DRIVER_STATUS } from "./cuda_error.ts";
import * as cuda from "./driver_symbols.ts";
import { DRIVER_LIBRARY, type OpenLibrary, openLibrary } from "./find_library.ts";

// After a fault in a kernel nothing works in the context any more, freeing included: illegal address, timeout, stack,
// instruction, alignment, address space, program counter, launch.
const FAULTS = new Set([700, 702, 714, 715, 716, 717, 718, 719]);

// The context that is current on this thread: each Worker has a thread, and this module, to itself. 0 for none.
let currentContext = 0n;

type DeviceAttribute = Extract<keyof typeof cuda, `CU_DEVICE_ATTRIBUTE_${string}`>;

/** What is to be known of a GPU. */
export interface DeviceProperties {
  /** Number by which it is opened. */
  readonly ordinal: number;
  /** NVIDIA's name for it. */
  readonly name: string;
  /** Compute capability times ten: 90 for 9.0. */
  readonly architecture: number;
  /** Memory in bytes. */
  readonly totalBytes: number;
  /** Streaming multiprocessors. */
  readonly multiprocessors: number;
  /** Shared memory that one block may have, in bytes. */
  readonly sharedBytesPerBlock: number;
  /** Size of the second-level cache in bytes. */
  readonly l2Bytes: number;
}

/**
 * libcuda with errors instead of status codes. Handles and device addresses are bigint. All calls must come from one
 * thread, since a context is current per thread.
 */
export class Driver implements Disposable {
  /** Where the library was found. */
  readonly path: string;
  /** The newest CUDA version that the driver supports: 1000 times the major and 10 times the minor number. */
  readonly version: number;
  readonly #library: OpenLibrary<typeof cuda.driverSymbols>;
  // Results of one call at a time; reused so that no call allocates.
  readonly #handle = new BigUint64Array(1);
  readonly #handleBytes = new Uint8Array(this.#handle.buffer);
  readonly #integer = new Int32Array(1);
  readonly #integerBytes = new Uint8Array(this.#integer.buffer);
  #context = 0n;
  #faulted = false;

  /**
   * Opens and initializes the driver.
   *
   * @param path The library; looked for if left out.
   * @throws {LibraryNotFoundError} If there is none.
   * @throws {CudaError} If there is no device or the driver does not work.
   */
  constructor(path?: string) {
    this.#library = openLibrary(DRIVER_LIBRARY, cuda.driverSymbols, { path });
    this.path = this.#library.path;
    try {
      const asked = this.#library.symbols.cuDriverGetVersion(this.#integerBytes);
      this.check("cuDriverGetVersion", asked, { driver: this.path });
      this.version = this.#integer[0];
      const details = { driver: this.path, "for CUDA": this.versionText };
      this.check("cuInit", this.#library.symbols.cuInit(0), details);
    } catch (error) {
      this.#library.close();
      throw error;
    }
  }

  /** The same for people: "12.8". */
  get versionText(): string {
    return `${this.newestMajor}.${this.version % 1000 / 10}`;
  }

  /** The newest major version of CUDA whose libraries work with this driver. */
  get newestMajor(): number {
    return Math.floor(this.version / 1000);
  }

  /** The functions themselves, for hot paths; check their results with {@linkcode Driver.check}. */
  get symbols(): OpenLibrary<typeof cuda.driverSymbols>["symbols"] {
    return this.#library.symbols;
  }

  /** Throws a {@linkcode CudaError} if a status is not success. */
  check(call: string, code: number, details?: CallDetails): void {
    if (code === 0) return;
    if (FAULTS.has(code)) this.#faulted = true;
    checkStatus(DRIVER_STATUS, call, code, details);
  }

  /**
   * Frees what belongs to a context, unless a kernel has faulted in it: then the driver frees it with the context, and
   * asking again would only hide the first error behind more.
   */
  ended(free: () => void): void {
    if (!this.#faulted) free();
  }

  /** Number of GPUs. */
  deviceCount(): number {
    this.check("cuDeviceGetCount", this.symbols.cuDeviceGetCount(this.#integerBytes));
    return this.#integer[0];
  }

  /** What is to be known of the GPU `ordinal`. */
  deviceProperties(ordinal: number): DeviceProperties {
    this.check("cuDeviceGet", this.symbols.cuDeviceGet(this.#integerBytes, ordinal), { ordinal });
    const device = this.#integer[0];
    const name = new Uint8Array(256);
    this.check("cuDeviceGetName", this.symbols.cuDeviceGetName(name, name.length, device));
    this.check("cuDeviceTotalMem", this.symbols.cuDeviceTotalMem_v2(this.#handleBytes, device));
    const totalBytes = Number(this.#handle[0]);
    const attribute = (which: DeviceAttribute) => this.#attribute(which, device);
    return {
      ordinal,
      name: new TextDecoder().decode(name.subarray(0, name.indexOf(0))),
      architecture: 10 * attribute("CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR") +
        attribute("CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR"),
      totalBytes,
      multiprocessors: attribute("CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT"),
      sharedBytesPerBlock: attribute("CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN"),
      l2Bytes: attribute("CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE"),
    };
  }

  #attribute(which: DeviceAttribute, device: number): number {
    const code = this.symbols.cuDeviceGetAttribute(this.#integerBytes, cuda[which], device);
    this.check("cuDeviceGetAttribute", code, { attribute: which });
    return this.#integer[0];
  }

  /** Retains the primary context of a GPU and makes it current on this thread. */
  openContext(ordinal: number): void {
    this.check("cuDevicePrimaryCtxRetain", this.symbols.cuDevicePrimaryCtxRetain(this.#handleBytes, ordinal), {
      ordinal,
    });
    this.#context = this.#handle[0];
    this.makeCurrent();
  }

  /** Makes the context that was opened current again, if another GPU's has become so. */
  makeCurrent(): void {
    if (currentContext === this.#context) return;
    this.check("cuCtxSetCurrent", this.symbols.cuCtxSetCurrent(this.#context));
    currentContext = this.#context;
  }

  /** Gives the primary context back; after a fault it repeats that. */
  closeContext(ordinal: number): void {
    if (currentContext === this.#context) currentContext = 0n;
    const code = this.symbols.cuDevicePrimaryCtxRelease_v2(ordinal);
    this.ended(() => this.check("cuDevicePrimaryCtxRelease", code));
  }

  /** Bytes of device memory that are free now. */
  freeBytes(): number {
    const total = new Uint8Array(8);
    this.check("cuMemGetInfo", this.symbols.cuMemGetInfo_v2(this.#handleBytes, total));
    return Number(this.#handle[0]);
  }

  /**
   * Takes device memory.
   *
   * @throws {RangeError} If there is not enough, with the bytes asked and free.
   */
  allocate(bytes: number): bigint {
    const code = this.symbols.cuMemAlloc_v2(this.#handleBytes, BigInt(bytes));
    if (code === cuda.CUDA_ERROR_OUT_OF_MEMORY) {
      const cause = new CudaError("cuMemAlloc", code, DRIVER_STATUS.names[code], "", DRIVER_STATUS.advice[code]);
      throw new RangeError(
        `Cannot take ${bytes} bytes of GPU memory: ${this.freeBytes()} are free; ${DRIVER_STATUS.advice[code]}`,
        { cause },
      );
    }
    this.check("cuMemAlloc", code, { bytes });
    return this.#handle[0];
  }

  /** Returns memory to the device. */
  free(address: bigint): void {
    this.check("cuMemFree", this.symbols.cuMemFree_v2(address), { address: `0x${address.toString(16)}` });
  }

  /** Pins memory of this program; false if the driver does not do that here. */
  pin(memory: Uint8Array<ArrayBuffer>): boolean {
    const bytes = BigInt(memory.length);
    const flags = cuda.CU_MEMHOSTREGISTER_PORTABLE | cuda.CU_MEMHOSTREGISTER_DEVICEMAP;
    return this.symbols.cuMemHostRegister_v2(memory, bytes, flags) === 0;
  }

  /** Ends what `pin()` did. */
  unpin(memory: Uint8Array<ArrayBuffer>): void {
    this.check("cuMemHostUnregister", this.symbols.cuMemHostUnregister(memory), { bytes: memory.length });
  }

  /** Where pinned memory lies, if that is the same address for this program and for the GPU. */
  addressOfPinned(memory: Uint8Array<ArrayBuffer>): bigint | undefined {
    this.check("cuCtxGetDevice", this.symbols.cuCtxGetDevice(this.#integerBytes));
    if (this.#attribute("CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM", this.#integer[0]) === 0) {
      return undefined;
    }
    const code = this.symbols.cuMemHostGetDevicePointer_v2(this.#handleBytes, memory, 0);
    this.check("cuMemHostGetDevicePointer", code, { bytes: memory.length });
    return this.#handle[0];
  }

  /** Makes a stream that does not wait for the default one. */
  createStream(): bigint {
    this.check("cuStreamCreate", this.symbols.cuStreamCreate(this.#handleBytes, cuda.CU_STREAM_NON_BLOCKING));
    return this.#handle[0];
  }

  /** Ends a stream. */
  destroyStream(stream: bigint): void {
    this.check("cuStreamDestroy", this.symbols.cuStreamDestroy_v2(stream));
  }

  /** Waits for all work of a stream. */
  synchronize(stream: bigint): void {
    this.check("cuStreamSynchronize", this.symbols.cuStreamSynchronize(stream));
  }

  /**
   * Begins to record what is queued on a stream instead of running it. Relaxed, for in the other modes the driver
   * refuses to load code meanwhile, and cuBLAS loads a kernel when a product first needs it.
   */
  beginCapture(stream: bigint): void {
    const code = this.symbols.cuStreamBeginCapture_v2(stream, cuda.CU_STREAM_CAPTURE_MODE_RELAXED);
    this.check("cuStreamBeginCapture", code);
  }

  /** Ends the recording and makes an executable graph of it. */
  endCapture(stream: bigint): bigint {
    this.check("cuStreamEndCapture", this.symbols.cuStreamEndCapture(stream, this.#handleBytes));
    const graph = this.#handle[0];
    try {
      this.check("cuGraphInstantiate", this.symbols.cuGraphInstantiateWithFlags(this.#handleBytes, graph, 0n));
      return this.#handle[0];
    } finally {
      this.check("cuGraphDestroy", this.symbols.cuGraphDestroy(graph));
    }
  }

  /** Ends a recording that went wrong and drops it; what CUDA says about it is of no further use. */
  abandonCapture(stream: bigint): void {
    const code = this.symbols.cuStreamEndCapture(stream, this.#handleBytes);
    if (code === 0 && this.#handle[0] !== 0n) this.symbols.cuGraphDestroy(this.#handle[0]);
  }

  /** Makes an event, with a time unless that is not wanted. */
  createEvent({ timing = true }: { timing?: boolean } = {}): bigint {
    const flags = timing ? cuda.CU_EVENT_DEFAULT : cuda.CU_EVENT_DISABLE_TIMING;
    this.check("cuEventCreate", this.symbols.cuEventCreate(this.#handleBytes, flags));
    return this.#handle[0];
  }

  /** Waits until an event has happened. */
  waitFor(event: bigint): void {
    this.check("cuEventSynchronize", this.symbols.cuEventSynchronize(event));
  }

  /** Ends an event. */
  destroyEvent(event: bigint): void {
    this.check("cuEventDestroy", this.symbols.cuEventDestroy_v2(event));
  }

  /** Milliseconds between two events, once both have happened. */
  elapsed(start: bigint, end: bigint): number {
    this.waitFor(end);
    const milliseconds = new Float32Array(1);
    const code = this.symbols.cuEventElapsedTime(new Uint8Array(milliseconds.buffer), start, end);
    this.check("cuEventElapsedTime", code);
    return milliseconds[0];
  }

  /** Loads compiled kernels. */
  loadModule(image: Uint8Array<ArrayBuffer>): bigint {
    this.check("cuModuleLoadData", this.symbols.cuModuleLoadData(this.#handleBytes, image));
    return this.#handle[0];
  }

  /** A kernel of a module. */
  kernel(module: bigint, name: string): bigint {
    const text = new TextEncoder().encode(name + "\0");
    const code = this.symbols.cuModuleGetFunction(this.#handleBytes, module, text);
    this.check("cuModuleGetFunction", code, { kernel: name });
    return this.#handle[0];
  }

  /** Allows a kernel so many bytes of dynamic shared memory; 48 KiB need no asking. */
  allowShared(kernel: bigint, bytes: number, details: CallDetails): void {
    const attribute = cuda.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES;
    this.check("cuFuncSetAttribute", this.symbols.cuFuncSetAttribute(kernel, attribute, bytes), details);
  }

  /** Closes the library. */
  [Symbol.dispose](): void {
    this.#library.close();
  }
}
