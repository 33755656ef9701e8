import { BlasBackend } from "../../ffi/cpu/blas_backend.ts";
import { blasPaths, openBlasLibrary } from "../../ffi/cpu/blas_library.ts";
import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { Device } from "../../lib/tensor/device.ts";

/**
 * Runs tests for each device of the processor: blas with the library that it would take and with each other one in a
 * usual folder; where none is found, a test that says so is skipped.
 */
export function forCpuDevices(prove: (name: string, open: () => Device) => void): void {
  for (const threads of [1, 2]) prove(`cpu, threads: ${threads}`, () => new Device(new CpuBackend({ threads })));
  const first = openedOrWhyNot();
  if (first.reason !== undefined) {
    Deno.test({ name: `blas: skipped. ${first.reason}`, ignore: true, fn: () => {} });
    return;
  }
  prove("blas", () => new Device(new BlasBackend()));
  for (const library of blasPaths().filter((path) => path.startsWith("/") && path !== first.path)) {
    if (openedOrWhyNot(library).reason !== undefined) continue;
    prove(`blas, ${library}`, () => new Device(new BlasBackend({ library })));
  }
}

function openedOrWhyNot(library?: string): { path: string; reason?: undefined } | { reason: string } {
  try {
    using opened = openBlasLibrary(1, library);
    return { path: opened.path };
  } catch (error) {
    return { reason: error instanceof Error ? error.message.split("\n")[0] : String(error) };
  }
}
