import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { inspectCuda, testCuda } from "../../../ffi/cuda/inspect.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";

Deno.test("on a machine without CUDA the inspection says what is missing", () => {
  const nowhere = "/nowhere/lib.so";
  const { devices, cublas, problems } = inspectCuda({
    driver: nowhere,
    nvrtc: nowhere,
    cublasLt: nowhere,
    cublas: nowhere,
  });
  assertEquals([devices, cublas], [[], undefined]);
  assertEquals(problems.length, 3);
  assertStringIncludes(problems[0], "Cannot open the CUDA driver");
});

testOnEmulation("the inspection finds the GPU and the self-test measures it", (emulation) => {
  const { libraries } = emulation;
  const { devices, problems, driver } = inspectCuda(libraries);
  assertEquals(problems, []);
  assertEquals(driver!.version, "13.0");
  assertEquals(devices[0].name, "emulated GPU");
  const measured = testCuda({ libraries }, { matrix: 64, copyBytes: 2 ** 16, launches: 3 });
  for (const value of Object.values(measured)) assert(typeof value === "string" || value > 0);
  assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
});
