import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CudaRuntime } from "../../../ffi/cuda/cuda_runtime.ts";
import { inspectCuda } from "../../../ffi/cuda/inspect.ts";
import { Nvrtc } from "../../../ffi/cuda/nvrtc.ts";
import { oneThread } from "../../../ffi/cuda/launch_configuration.ts";
import { Device } from "../../../lib/tensor/device.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";

// What may be wrong with a machine: how it shows, and what the error says of it and of what to do.
const broken: Record<string, { break: (emulation: Emulation) => void; message: RegExp }> = {
  "no GPU": {
    break: (emulation) => emulation.setMachine({ devices: 0 }),
    message:
      /^Cannot run cuInit \(driver \/.*\.so, for CUDA 13\.0\): it returned 100, CUDA_ERROR_NO_DEVICE; check that nvidia-smi lists a GPU/,
  },
  "the toolkit's stub in place of the driver": {
    break: (emulation) => emulation.plan("cuDriverGetVersion", 34),
    message:
      /^Cannot run cuDriverGetVersion \(driver .*CUDA_ERROR_STUB_LIBRARY; the library is the toolkit's stub; let the loader find/,
  },
  "a driver and a kernel module of different versions": {
    break: (emulation) => emulation.plan("cuInit", 803),
    message: /CUDA_ERROR_SYSTEM_DRIVER_MISMATCH; the driver was updated while .*; restart the machine$/,
  },
  "a driver older than NVRTC": {
    break: (emulation) => emulation.setMachine({ driverVersion: 12_080 }),
    message: /^Cannot use .*: it is of CUDA 13\.0, the driver supports CUDA 12\.8; update the driver, or install/,
  },
  "a driver older than cuBLAS": {
    break: (emulation) => emulation.plan("cublasLtCreate", 1),
    message: /CUBLAS_STATUS_NOT_INITIALIZED; the driver may be older than cuBLAS needs; update it, or use cuBLAS of/,
  },
  "no memory for the workspace": {
    break: (emulation) => emulation.plan("cuMemAlloc", 2),
    message: /^Cannot take 33554432 bytes of GPU memory: 4294967296 are free; use a smaller batch or model/,
  },
};

for (const [what, { break: breakIt, message }] of Object.entries(broken)) {
  testOnEmulation(`${what} is an error that says what to do, and nothing is left open`, (emulation) => {
    breakIt(emulation);
    assertMatch(assertThrows(() => emulation.open(), Error).message, message);
    emulation.setMachine();
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
    emulation.open()[Symbol.dispose]();
  });
}

testOnEmulation(
  "a GPU newer than NVRTC gets the newest code that it runs; one that is too old, an error",
  (emulation) => {
    try {
      for (const architecture of ["91", "130"]) {
        Deno.env.set("DENOLM_EMULATED_ARCHITECTURE", architecture);
        using device = new Device(emulation.open());
        using arena = device.arena("x");
        const x = arena.alloc(1, "f32");
        device.fill({ x, value: 3 });
        assertEquals(device.download(x), Float32Array.of(3));
      }
      using nvrtc = new Nvrtc({ path: emulation.libraries.nvrtc });
      assertEquals([89, 91, 99, 130].map((one) => nvrtc.targetFor(one)), ["sm_89", "sm_90", "sm_90", "compute_121"]);
      Deno.env.set("DENOLM_EMULATED_ARCHITECTURE", "70");
      const { message } = assertThrows(() => emulation.open(), Error);
      assertMatch(
        message,
        /^Cannot compile for the GPU's architecture, sm_70: NVRTC 13\.0 at .* knows none older than sm_75; install .* older CUDA$/,
      );
      assertEquals(inspectCuda(emulation.libraries).problems, [message]);
      assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
    } finally {
      Deno.env.delete("DENOLM_EMULATED_ARCHITECTURE");
    }
  },
);

// What shows only when the first kernel is needed.
const kernels: Record<string, { call: string; code: number; message: RegExp }> = {
  "kernels of another architecture": {
    call: "cuModuleLoadData",
    code: 209,
    message: /CUDA_ERROR_NO_BINARY_FOR_GPU; the kernels were compiled for another architecture; empty the kernel cache/,
  },
  "an NVRTC that does not know the GPU's architecture": {
    call: "nvrtcCompileProgram",
    code: 5,
    message:
      /options --gpu-architecture=sm_90 .*NVRTC_ERROR_INVALID_OPTION; .* probably the GPU's architecture; install/,
  },
  "an NVRTC without its builtins": {
    call: "nvrtcCompileProgram",
    code: 7,
    message: /NVRTC_ERROR_BUILTIN_OPERATION_FAILURE; libnvrtc-builtins of the same version must lie beside libnvrtc/,
  },
};

for (const [what, { call, code, message }] of Object.entries(kernels)) {
  testOnEmulation(`${what}: an error that says what to do, and the device goes on`, (emulation) => {
    {
      using device = new Device(emulation.open());
      using arena = device.arena("x");
      const x = arena.alloc(1, "f32");
      device.upload(x, Float32Array.of(3));
      emulation.plan(call, code);
      assertMatch(assertThrows(() => device.add({ a: x, b: x, out: x }), Error).message, message);
      device.add({ a: x, b: x, out: x });
      assertEquals(device.download(x), Float32Array.of(6));
    }
    assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
  });
}

testOnEmulation(
  "a kernel is allowed the shared memory and the threads that it is launched with, up to its limits",
  ({ libraries }) => {
    using cuda = new CudaRuntime({ libraries });
    const number = cuda.reserve(256);
    const launch = (sharedBytes: number) =>
      cuda.launch("inverse_norm", "f32", { ...oneThread, sharedBytes }, [number.address, number.address, 1]);
    for (const sharedBytes of [0, 48 << 10, 100 << 10, 1000, 200 << 10]) launch(sharedBytes);
    assertThrows(() => launch(300 << 10), RangeError, "takes 307200 bytes of shared memory, this GPU has 232448;");
    launch(0);
    const wide = { ...oneThread, block: 512 };
    assertThrows(
      () => cuda.launch("inverse_norm", "f32", wide, [number.address, number.address, 1]),
      RangeError,
      "512 threads to a block, it was compiled for 256",
    );
    cuda.unreserve(number);
  },
);
