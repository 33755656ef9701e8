import { kernelSource } from "../../ffi/cuda/kernel_sources.ts";
import { Nvrtc } from "../../ffi/cuda/nvrtc.ts";
import { ptxToCpp } from "./ptx_to_cpp.ts";

// Those that the tests on the emulation have: without tensor cores, and with either size of attention's tiles.
const ARCHITECTURES = [75, 80, 89, 90];

/**
 * Compiles the kernels to PTX by the machine's own NVRTC and writes them as C++ to a folder, where the emulation's
 * NVRTC looks for them by program and target.
 *
 * @throws {LibraryNotFoundError} If there is no NVRTC.
 */
export function writeKernelsAsPtx(folder: string): void {
  using nvrtc = new Nvrtc();
  for (const dtype of ["f32", "bf16"] as const) {
    for (const architecture of ARCHITECTURES) {
      const { text, options } = kernelSource(dtype, architecture, `compute_${architecture}`);
      const name = `denolm_${dtype}.cu`;
      const ptx = new TextDecoder().decode(nvrtc.compile(name, text, options));
      Deno.writeTextFileSync(`${folder}/${name}.sm_${architecture}.cpp`, ptxToCpp(ptx));
    }
  }
}
