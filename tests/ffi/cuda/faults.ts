import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { CudaError } from "../../../ffi/cuda/cuda_error.ts";
import { CudaRuntime } from "../../../ffi/cuda/cuda_runtime.ts";
import { Driver } from "../../../ffi/cuda/driver.ts";
import { LibraryNotFoundError } from "../../../ffi/cuda/find_library.ts";
import { Nvrtc } from "../../../ffi/cuda/nvrtc.ts";
import { threadPerItem, threadPerItemOfRow } from "../../../ffi/cuda/launch_configuration.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { runPlanted } from "./planted_kernel.ts";

Deno.test("a library that is missing is an error which lists what was tried", () => {
  const error = assertThrows(() => new Driver("/nowhere/libcuda.so.1"), LibraryNotFoundError);
  assertStringIncludes(error.message, "DENOLM_CUDA_DRIVER");
  assertStringIncludes(error.message, "  /nowhere/libcuda.so.1: ");
});

testOnEmulation("a library that may not be opened is passed over without asking", async ({ libraries }) => {
  const module = new URL("../../../ffi/cuda/inspect.ts", import.meta.url).href;
  const code = `import { inspectCuda } from "${module}";
    console.log(inspectCuda(${
    JSON.stringify(libraries)
  }).problems.filter((text) => text.includes("--allow-ffi=")).length);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", code],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "0\n"); // deno eval has all permissions
  const { stdout: refused } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-lock", "--no-prompt", `data:application/typescript,${encodeURIComponent(code)}`],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(new TextDecoder().decode(refused), "3\n");
});

testOnEmulation("a source that does not compile is an error with the compiler's log", ({ libraries }) => {
  using nvrtc = new Nvrtc({ path: libraries.nvrtc });
  const error = assertThrows(() => nvrtc.compile("wrong.cu", "int x = ;", ["--gpu-architecture=sm_90"]), Error);
  assertMatch(error.message, /Cannot compile wrong\.cu[^]*wrong\.cu:1/);
});

testOnEmulation("memory that is not there is an error with the bytes asked and free", (emulation) => {
  using device = new Device(emulation.open());
  emulation.setCapacity(64 << 20);
  try {
    const error = assertThrows(() => device.arena("large", 1 << 30), RangeError);
    assertMatch(error.message, /1073741824 bytes of GPU memory: 33554432 are free/);
  } finally {
    emulation.setCapacity(2 ** 32);
  }
});

testOnEmulation("a leaked buffer is found", (emulation) => {
  const cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(1000);
  cuda[Symbol.dispose]();
  assertEquals(emulation.leaks().allocations, 1);
  using again = new CudaRuntime({ libraries: emulation.libraries });
  again.unreserve(block);
});

testOnEmulation("a double free is found", (emulation) => {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(1000);
  cuda.unreserve(block);
  assertThrows(() => cuda.unreserve(block), Error, "cuMemFree");
  assertStringIncludes(emulation.message(), "double free");
});

testOnEmulation("a wrong stride that leaves the memory is found", (emulation) => {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(64 * 64 * 4);
  const values = [block.address, block.address, block.address, 32, 4096, 1];
  const error = assertThrows(() => cuda.launch("swiglu", "f32", threadPerItemOfRow(64, 8), values), Error);
  assertStringIncludes(error.message, "700, CUDA_ERROR_ILLEGAL_ADDRESS");
  assertMatch(emulation.message(), /^swiglu: a kernel touched 0x.* in block \(\d+, 0, 0\), thread/);
});

// As on a GPU, where kernels run while the program goes on.
testOnEmulation(
  "a fault that shows only when the device is closed is one error, and nothing stays open",
  (emulation) => {
    const cuda = new CudaRuntime({ libraries: emulation.libraries });
    const block = cuda.reserve(4096);
    const one = {
      batch: 1,
      batchStrideA: 0,
      batchStrideB: 0,
      batchStrideC: 0,
      inputType: "f32",
      outputType: "f32",
    } as const;
    const shape = {
      ...one,
      m: 8,
      n: 8,
      k: 8,
      transposeA: false,
      transposeB: false,
      strideA: 8,
      strideB: 8,
      strideC: 8,
    };
    const address = BigInt(block.address);
    const operands = { a: address, b: address, c: address + 2048n };
    cuda.cublasLt.matmul(shape, operands, { alpha: 1, beta: 0 }, cuda.stream);
    cuda.cublas()!.matmul(shape, operands, { alpha: 1, beta: 0 });
    cuda.scratch(1000);
    cuda.record(() => cuda.cublasLt.matmul(shape, operands, { alpha: 1, beta: 0 }, cuda.stream));
    emulation.plan("cuStreamSynchronize", 700);
    const error = assertThrows(() => cuda[Symbol.dispose](), CudaError);
    assertStringIncludes(error.message, "cuStreamSynchronize: it returned 700, CUDA_ERROR_ILLEGAL_ADDRESS");
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
    new CudaRuntime({ libraries: emulation.libraries })[Symbol.dispose]();
  },
);

testOnEmulation("an access that is not aligned is found", (emulation) => {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(4096);
  const values = [block.address + 4, block.address + 4, 1000, 1];
  assertThrows(() => cuda.launch("silu", "f32", threadPerItem(250), values), Error, "MISALIGNED_ADDRESS");
  cuda.unreserve(block);
});

testOnEmulation("a product with rows that overlap is refused", (emulation) => {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(4096);
  const address = BigInt(block.address);
  const packed = { m: 8, n: 8, k: 8, transposeA: false, transposeB: false, strideA: 8, strideB: 8, strideC: 8 };
  const one = { batch: 1, batchStrideA: 0, batchStrideB: 0, batchStrideC: 0 };
  const shape = { ...packed, ...one, strideB: 5, inputType: "f32", outputType: "f32" } as const;
  const product = () =>
    cuda.cublasLt.matmul(shape, { a: address, b: address, c: address }, { alpha: 1, beta: 0 }, cuda.stream);
  assertThrows(product, Error, "CUBLAS_STATUS_INVALID_VALUE");
  assertStringIncludes(emulation.message(), "leading dimension");
  cuda.unreserve(block);
});

testOnEmulation("a launch with more or fewer bytes of parameters than the kernel has is refused", (emulation) => {
  const source = 'extern "C" __global__ void take(float* x) { *x = 1; }';
  for (const parameterBytes of [4, 12, 16]) {
    runPlanted(emulation, source, "take", ({ launch }) => {
      assertThrows(launch, Error, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES");
      assertStringIncludes(emulation.message(), `${parameterBytes} bytes of arguments, it takes 8`);
    }, { parameterBytes });
  }
});

testOnEmulation("a kernel that uses freed memory is found", (emulation) => {
  using cuda = new CudaRuntime({ libraries: emulation.libraries });
  const block = cuda.reserve(4096);
  cuda.unreserve(block);
  const values = [block.address, block.address, 1024, 1];
  assertThrows(() => cuda.launch("silu", "f32", threadPerItem(256), values), Error, "ILLEGAL_ADDRESS");
  assertStringIncludes(emulation.message(), "freed device memory of 4096 bytes");
});

const SHARED = 'extern "C" { extern unsigned char shared_memory[]; }\n';

testOnEmulation("a barrier that not all threads reach is found", (emulation) => {
  const source = 'extern "C" __global__ void diverge(float* x) { if (threadIdx.x < 40) __syncthreads(); *x = 1; }';
  runPlanted(emulation, source, "diverge", ({ launch }) => {
    assertThrows(launch, Error, "LAUNCH_FAILED");
    assertStringIncludes(emulation.message(), "__syncthreads() that not all threads of the block reach");
  });
});

testOnEmulation("a missing barrier shows in one of the two orders of threads", (emulation) => {
  const source = (barrier: string) =>
    `${SHARED}extern "C" __global__ void reverse(float* x) {
      float* copy = (float*)shared_memory;
      copy[threadIdx.x] = x[threadIdx.x];
      ${barrier}
      x[threadIdx.x] = copy[63 - threadIdx.x];
    }`;
  const input = Float32Array.from({ length: 64 }, (_, i) => i);
  for (const [barrier, right] of [["__syncthreads();", true], ["", false]] as const) {
    const results = (["ascending", "descending"] as const).map((order) => {
      emulation.setThreadOrder(order);
      let same = false;
      runPlanted(emulation, source(barrier), "reverse", ({ launch, write, read }) => {
        write(input);
        launch();
        same = read(64).every((value, i) => value === 63 - i);
      });
      return same;
    });
    assertEquals(results.every((same) => same), right);
  }
});

testOnEmulation("a write beyond the shared memory asked for is found", (emulation) => {
  const source = `${SHARED}extern "C" __global__ void overflow(float* x) { ((float*)shared_memory)[threadIdx.x] = 1; }`;
  runPlanted(emulation, source, "overflow", ({ launch }) => {
    assertThrows(launch, Error, "LAUNCH_FAILED");
    assertStringIncludes(emulation.message(), "beyond the shared memory");
  }, { sharedBytes: 200 });
});

testOnEmulation("a recorded step replays with new inputs, and refuses what a replay could not repeat", (emulation) => {
  const backend = emulation.open();
  {
    using device = new Device(backend);
    using arena = device.arena("step");
    const [x, weights, out] = [arena.alloc(12, "f32"), arena.alloc(12, "f32"), arena.alloc(16, "f32")];
    const total = arena.alloc(1, "f32");
    const step = () => {
      device.matmul({ a: x, b: weights, c: out, m: 4, n: 4, k: 3 });
      device.sum({ x: out, out: total, factor: 1 });
      device.axpy({ x, y: weights, factor: 0.5 });
    };
    const inputs = [1, 2, 3].map((seed) => Float32Array.from({ length: 12 }, (_, i) => Math.sin(seed * (i + 1))));
    const totals = (run: () => void) => {
      device.upload(weights, inputs[0]);
      return inputs.map((input) => {
        device.upload(x, input);
        run();
        return device.download(total)[0];
      });
    };
    const expected = totals(step);
    using graph = device.record(step);
    assertEquals(totals(() => graph.replay()), expected);
    assertThrows(() => device.record(() => device.upload(x, inputs[0])), Error, "Cannot upload while recording");
    assertThrows(() => device.record(() => device.download(total)), Error, "Cannot download while recording");
    assertThrows(() => device.record(() => device.arena("more", 10)), Error, "Cannot take memory while recording");
    const another = () => device.matmul({ a: x, b: weights, c: out, m: 3, n: 3, k: 4 });
    assertThrows(() => device.record(another), Error, "Cannot choose an algorithm for a product of 3 x 3 x 4");
    assertEquals(totals(step), expected);
  }
  assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
});

testOnEmulation("compiled kernels are taken from the cache", (emulation) => {
  const kernelCache = Deno.makeTempDirSync();
  try {
    for (let run = 0; run < 2; run++) {
      using device = new Device(emulation.open({ kernelCache }));
      using arena = device.arena("x");
      const x = arena.alloc(5, "f32");
      device.upload(x, Float32Array.of(1, 2, 3, 4, 5));
      device.add({ a: x, b: x, out: x });
      assertEquals(device.download(x), Float32Array.of(2, 4, 6, 8, 10));
      assert([...Deno.readDirSync(kernelCache)].length === 1);
    }
  } finally {
    Deno.removeSync(kernelCache, { recursive: true });
  }
});
