import { BlasBackend } from "../../ffi/cpu/blas_backend.ts";
import { openBlasLibrary } from "../../ffi/cpu/blas_library.ts";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { Device } from "../../lib/tensor/device.ts";

/** Runs tests for each device of the processor; for blas, where no library is found, one that says so is skipped. */
export function forCpuDevices(prove: (name: string, open: () => Device) => void): void {
  for (const threads of [1, 2]) prove(`cpu, threads: ${threads}`, () => new Device(new CpuBackend({ threads })));
  const reason = whyNoBlas();
  if (reason === undefined) prove("blas", () => new Device(new BlasBackend()));
  else Deno.test({ name: `blas: skipped. ${reason}`, ignore: true, fn: () => {} });
}

function whyNoBlas(): string | undefined {
  try {
    openBlasLibrary(1)[Symbol.dispose]();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split("\n")[0] : String(error);
  }
}
