import { z } from "zod";
import { inspectCuda, testCuda } from "../ffi/cuda/inspect.ts";
import { formatBytes } from "../lib/data/amounts.ts";
import { runScript } from "./frame/run_script.ts";

const Options = z.object({
  device: z.int().min(0).default(0).describe("number of the GPU to test"),
  test: z.boolean().default(true).describe("check and measure products, attention, memory and launches on the GPU"),
  matrix: z.int().min(64).default(4096).describe("rows and columns of the matrices that are multiplied"),
  copyBytes: z.int().min(4096).multipleOf(4).default(2 ** 29).describe("bytes that are copied within the GPU's memory"),
});

await runScript({
  name: "device",
  summary:
    "shows the GPUs, driver and libraries of this machine, and measures a GPU; without one, says what is missing",
  options: Options,
  permissions: "device",
}, ({ device, test, matrix, copyBytes }, report) => {
  const { driver, nvrtc, cublasLt, cublas, devices, problems } = inspectCuda();
  report.data("devices", devices);
  if (devices.length === 0) {
    report.say("GPUs: none that can be used");
  } else {
    report.table(
      "GPUs",
      ["number", "name", "architecture", "memory", "multiprocessors"],
      devices.map(({ ordinal, name, architecture, totalBytes, multiprocessors }) => [
        ordinal,
        name,
        `sm_${architecture}`,
        formatBytes(totalBytes),
        multiprocessors,
      ]),
    );
  }
  for (const [name, library] of Object.entries({ "CUDA driver": driver, NVRTC: nvrtc, cuBLASLt: cublasLt })) {
    report.result(name, library === undefined ? "not usable" : `${library.version}, ${library.path}`);
  }
  report.result("cuBLAS", cublas?.path ?? "not found; where cuBLASLt has no algorithm, an own, slower kernel is used");
  if (problems.length > 0) {
    for (const problem of problems) report.note(problem);
    report.say("\nThe cuda device cannot be opened on this machine; cpu and blas can.");
    return;
  }
  if (!test) return;
  const measured = testCuda({ device }, { matrix, copyBytes, launches: 1000 });
  report.result("tested", measured.description);
  report.say("Products agree with the host's, attention with attention by products, in float32 and bfloat16.");
  report.result("float32 products", measured.teraflopsFloat32, "TFLOP/s");
  report.result("bfloat16 products", measured.teraflopsBfloat16, "TFLOP/s");
  report.result("memory, read and written", measured.gigabytesPerSecond, "GB/s");
  report.result("time from launch to launch", measured.launchMicroseconds, "µs");
  report.result("the same in a graph", measured.graphLaunchMicroseconds, "µs");
});
