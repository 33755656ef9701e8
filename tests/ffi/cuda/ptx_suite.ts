// The whole suite of the cuda device on the kernels as the machine's own NVRTC understands them: compiled to PTX, which
// the emulation runs in place of their source. Takes some minutes, and NVRTC of CUDA 12 or 13; run by deno task
// test:ptx.
import { writeKernelsAsPtx } from "../../cuda_emulation/kernels_as_ptx.ts";

const folder = Deno.makeTempDirSync({ prefix: "denolm-ptx-" });
globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
writeKernelsAsPtx(folder);
Deno.env.set("DENOLM_EMULATED_PTX", folder);
await import("./cuda_test.ts");
