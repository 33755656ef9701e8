import { BlasBackend } from "../../ffi/cpu/blas_backend.ts";
import { openBlasLibrary } from "../../ffi/cpu/blas_library.ts";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { Device } from "../../lib/tensor/device.ts";
import { conformance } from "../device_conformance/conformance.ts";
import { pytorchOperations } from "../device_conformance/pytorch_operations.ts";
import { pytorchTraining } from "../device_conformance/pytorch_training.ts";

for (const threads of [1, 2]) proveDevice(`cpu, threads: ${threads}`, () => new Device(new CpuBackend({ threads })));

const reason = whyNoBlas();
if (reason === undefined) proveDevice("blas", () => new Device(new BlasBackend()));
else Deno.test({ name: `blas: skipped. ${reason}`, ignore: true, fn: () => {} });

function proveDevice(name: string, open: () => Device): void {
  conformance(name, open);
  pytorchOperations(name, open);
  pytorchTraining(name, open);
}

function whyNoBlas(): string | undefined {
  try {
    openBlasLibrary(1)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}
