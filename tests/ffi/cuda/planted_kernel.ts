import { CudaRuntime } from "../../../ffi/cuda/cuda_runtime.ts";
import type { Emulation } from "../../cuda_emulation/build_emulation.ts";

/** A kernel of a test, and the memory that its one parameter points to. */
export interface Planted {
  /** Runs it; throws as the driver does. */
  launch: () => void;
  /** Writes the memory, of 256 bytes. */
  write: (data: Float32Array<ArrayBuffer>) => void;
  /** Reads it back. */
  read: (length: number) => Float32Array;
}

/** Compiles a kernel of one pointer for the emulated driver, to be run with 64 threads to a block. */
export function runPlanted(
  { libraries }: Emulation,
  source: string,
  name: string,
  check: (planted: Planted) => void,
  { sharedBytes = 256, blocks = 1, parameterBytes = 8 } = {},
): void {
  using cuda = new CudaRuntime({ libraries });
  const { driver, nvrtc, stream } = cuda;
  const image = nvrtc.compile(`${name}.cu`, source, ["--gpu-architecture=sm_90"]);
  const module = driver.loadModule(image);
  const kernel = driver.kernel(module, name);
  const block = cuda.reserve(256);
  const parameters = BigUint64Array.of(BigInt(block.address));
  const bytes = BigUint64Array.of(BigInt(parameterBytes));
  const pointer = (array: BigUint64Array<ArrayBuffer>) =>
    Deno.UnsafePointer.value(Deno.UnsafePointer.of(new Uint8Array(array.buffer)));
  const extra = new Uint8Array(BigUint64Array.of(1n, pointer(parameters), 2n, pointer(bytes), 0n).buffer);
  const bytesOf = (data: Float32Array<ArrayBuffer>) => new Uint8Array(data.buffer);
  check({
    launch: () =>
      driver.check(
        "cuLaunchKernel",
        driver.symbols.cuLaunchKernel(kernel, blocks, 1, 1, 64, 1, 1, sharedBytes, stream, null, extra),
      ),
    write: (data) =>
      driver.check(
        "cuMemcpyHtoD",
        driver.symbols.cuMemcpyHtoDAsync_v2(BigInt(block.address), bytesOf(data), BigInt(data.byteLength), stream),
      ),
    /** Reads it back. */
    read: (length) => {
      const data = new Float32Array(length);
      const code = driver.symbols.cuMemcpyDtoHAsync_v2(
        bytesOf(data),
        BigInt(block.address),
        BigInt(data.byteLength),
        stream,
      );
      driver.check("cuMemcpyDtoH", code);
      return data;
    },
  });
  driver.ended(() => driver.check("cuModuleUnload", driver.symbols.cuModuleUnload(module)));
  cuda.unreserve(block);
}
