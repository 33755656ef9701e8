import { Device } from "../../lib/tensor/device.ts";
import { Random } from "../../lib/tensor/random.ts";
import type { Slice } from "../../lib/tensor/slice.ts";
import { CudaBackend } from "./cuda_backend.ts";
import type { CudaOptions } from "./cuda_runtime.ts";
import { attentionByProducts } from "./attention_by_products.ts";
import { cublasSymbols } from "./cublas_symbols.ts";
import { cublasVersion } from "./cublaslt.ts";
import { cublasLtSymbols } from "./cublaslt_symbols.ts";
import { type DeviceProperties, Driver } from "./driver.ts";
import { CUBLAS_LIBRARY, CUBLASLT_LIBRARY, LibraryNotFoundError, openLibrary } from "./find_library.ts";
import { Nvrtc } from "./nvrtc.ts";

/** What of CUDA is on this machine. */
export interface CudaInspection {
  /** The driver's library, and the newest CUDA version that it supports. */
  driver?: { path: string; version: string };
  /** The run-time compiler. */
  nvrtc?: { path: string; version: string };
  /** The library of matrix products. */
  cublasLt?: { path: string; version: string };
  /**
   * The library of matrix products that takes every shape; where it is missing, an own, slower kernel takes its place.
   */
  cublas?: { path: string };
  /** The GPUs. */
  devices: DeviceProperties[];
  /** For each part that is missing or does not work, why, and what to do. Empty: the cuda device can be opened. */
  problems: string[];
}

/** Looks for driver, GPUs and libraries. Never fails: what is missing is said in `problems`. */
export function inspectCuda(libraries: CudaOptions["libraries"] = {}): CudaInspection {
  const inspection: CudaInspection = { devices: [], problems: [] };
  let newestMajor = Infinity;
  const attempt = (look: () => void) => {
    try {
      look();
    } catch (error) {
      inspection.problems.push(error instanceof Error ? error.message : String(error));
    }
  };
  attempt(() => {
    using driver = new Driver(libraries.driver);
    newestMajor = driver.newestMajor;
    inspection.driver = { path: driver.path, version: driver.versionText };
    for (let ordinal = 0; ordinal < driver.deviceCount(); ordinal++) {
      inspection.devices.push(driver.deviceProperties(ordinal));
    }
  });
  attempt(() => {
    using nvrtc = new Nvrtc({ path: libraries.nvrtc, newestMajor });
    inspection.nvrtc = { path: nvrtc.path, version: nvrtc.version };
    for (const { architecture } of inspection.devices) nvrtc.targetFor(architecture);
  });
  attempt(() => {
    const library = openLibrary(CUBLASLT_LIBRARY, cublasLtSymbols, { path: libraries.cublasLt, newestMajor });
    const version = cublasVersion(Number(library.symbols.cublasLtGetVersion()));
    inspection.cublasLt = { path: library.path, version };
    library.close();
  });
  try {
    const library = openLibrary(CUBLAS_LIBRARY, cublasSymbols, { path: libraries.cublas, newestMajor });
    inspection.cublas = { path: library.path };
    library.close();
  } catch (error) {
    if (!(error instanceof LibraryNotFoundError)) throw error;
  }
  return inspection;
}

/** What a GPU was measured to do. */
export interface CudaSelfTest {
  /** The GPU and the versions of what it runs with. */
  description: string;
  /** Matrix products of float32, in 10^12 multiplications and additions a second. */
  teraflopsFloat32: number;
  /** The same of bfloat16. */
  teraflopsBfloat16: number;
  /** Copy within the GPU's memory: bytes read and written, in 10^9 a second. */
  gigabytesPerSecond: number;
  /** From one small kernel to the next when the host queues each, in microseconds. */
  launchMicroseconds: number;
  /** The same when a graph of them is replayed. */
  graphLaunchMicroseconds: number;
}

/** How much the self-test does. */
export interface CudaSelfTestSizes {
  /** Rows and columns of the matrices. */
  matrix: number;
  /** Bytes to copy. */
  copyBytes: number;
  /** Kernels to launch. */
  launches: number;
}

// Products or copies that are measured together.
const MANY = 8;

/**
 * Opens a GPU, checks products against the host's and attention against attention by products, and measures: the median
 * of five runs each, after one to warm up.
 *
 * @throws {Error} If the GPU cannot be opened, or computes something wrong.
 */
export function testCuda(
  options: CudaOptions = {},
  { matrix, copyBytes, launches }: CudaSelfTestSizes = { matrix: 4096, copyBytes: 2 ** 29, launches: 1000 },
): CudaSelfTest {
  const backend = new CudaBackend(options);
  using device = new Device(backend);
  using arena = device.arena("self-test");
  const median = (work: () => void) => {
    work();
    return Array.from({ length: 5 }, () => backend.measure(work)).sort((a, b) => a - b)[2];
  };
  // Of one, when the GPU goes from one to the next: the host is some microseconds late with the first.
  const medianOfMany = (work: () => void) =>
    median(() => {
      for (let i = 0; i < MANY; i++) work();
    }) / MANY;

  const random = new Random(0);
  const numbers = () => Float32Array.from({ length: matrix * matrix }, () => random.normal());
  const teraflops = (["f32", "bf16"] as const).map((dtype) => {
    const [a, b, c] = [0, 1, 2].map(() => arena.alloc(matrix * matrix, dtype));
    device.upload(a, numbers());
    device.upload(b, numbers());
    const milliseconds = medianOfMany(() => device.matmul({ a, b, c, m: matrix, n: matrix, k: matrix }));
    checkProduct(device, matrix, { a, b, c }, dtype === "f32" && !options.tf32);
    return 2 * matrix ** 3 / milliseconds / 1e9;
  });

  checkAttention(device);

  const [source, destination] = [0, 1].map(() => arena.alloc(copyBytes / 4, "f32"));
  device.fill({ x: source, value: 1.5 });
  const copy = medianOfMany(() => device.copy({ source, destination }));

  const x = arena.alloc(4, "f32");
  device.fill({ x, value: 1 });
  const launchAll = () => {
    for (let i = 0; i < launches; i++) device.scale({ x, out: x, factor: 1 });
  };
  const launching = median(launchAll);
  using graph = device.record(launchAll);
  const replaying = median(() => graph.replay());
  return {
    description: backend.description,
    teraflopsFloat32: teraflops[0],
    teraflopsBfloat16: teraflops[1],
    gigabytesPerSecond: 2 * copyBytes / copy / 1e6,
    launchMicroseconds: launching * 1000 / launches,
    graphLaunchMicroseconds: replaying * 1000 / launches,
  };
}

// Compares some elements with sums in float64 of the operands as the GPU has them. In full float32 they are nearer than
// operands rounded to TF32 would let them be.
function checkProduct(
  device: Device,
  matrix: number,
  { a, b, c }: { a: Slice; b: Slice; c: Slice },
  isFullFloat32: boolean,
): void {
  const [left, right, product] = [a, b, c].map((slice) => device.download(slice));
  for (let sample = 0; sample < 64; sample++) {
    const row = sample * 7919 % matrix;
    const column = sample * 104_729 % matrix;
    let sum = 0;
    for (let k = 0; k < matrix; k++) sum += left[row * matrix + k] * right[k * matrix + column];
    const difference = Math.abs(product[row * matrix + column] - sum);
    if (!(difference <= (isFullFloat32 ? 1e-4 : 0.02) * Math.sqrt(matrix))) {
      throw new Error(
        `Cannot trust this GPU: element (${row}, ${column}) of a ${c.dtype} product is off by ${difference}; ` +
          `check the driver and the libraries`,
      );
    }
  }
}

/**
 * Compares the fused kernels of attention with products, in float32 and bfloat16, for 2 sequences of 2 heads.
 *
 * @throws {Error} If they disagree.
 */
export function checkAttention(device: Device, { length = 130, headSize = 64 } = {}): void {
  const [batch, numHeads] = [2, 2];
  for (const dtype of ["f32", "bf16"] as const) {
    using arena = device.arena("attention");
    const random = new Random(1);
    const operand = () => {
      const slice = arena.alloc(batch * length * numHeads * headSize, dtype);
      device.upload(slice, Float32Array.from({ length: slice.length }, () => random.normal()));
      return { slice, rowStride: numHeads * headSize, batchStride: length * numHeads * headSize };
    };
    const [q, k, v, out, dOut, dQ, dK, dV] = Array.from({ length: 8 }, operand);
    const logSumExp = arena.alloc(batch * numHeads * length, "f32");
    const sizes = { batch, queryLength: length, keyLength: length, numHeads, numKvHeads: numHeads, headSize };
    const args = { ...sizes, causal: true, scale: headSize ** -0.5, q, k, v, out, logSumExp, dOut, dQ, dK, dV };
    const results = () => [out, dQ, dK, dV].map(({ slice }) => device.download(slice));
    device.attention(args);
    device.attentionBackward(args);
    const fused = results();
    attentionByProducts(device, arena, args);
    results().forEach((expected, i) => {
      const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const off = expected.reduce((largest, value, j) => Math.max(largest, Math.abs(value - fused[i][j])), 0);
      if (off <= (dtype === "f32" ? 1e-4 : 3e-2) * scale) return;
      throw new Error(
        `Cannot trust this GPU: ${
          ["attention", "its dQ", "its dK", "its dV"][i]
        } in ${dtype}, ${length} positions, heads of ${headSize}, is off by ${off}, of ${scale}; ` +
          `report it with this line and the output of deno task device --no-test`,
      );
    });
  }
}
