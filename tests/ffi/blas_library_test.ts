import { assertEquals, assertThrows } from "@std/assert";
import { blasPaths, NoBlasError, openBlasLibrary } from "../../ffi/cpu/blas_library.ts";
import { deviceNames, openDevice } from "../../ffi/devices.ts";

Deno.test({
  name: "without ffi permission the blas device is refused with every path tried, and auto takes the cpu device",
  permissions: { read: true, ffi: false, env: false },
  fn: () => {
    const error = assertThrows(() => openDevice("blas"), NoBlasError, "apt-get install libopenblas0-pthread");
    for (const path of blasPaths()) assertEquals(error.message.includes(`${path}: no permission`), true, path);
    using device = openDevice("auto", { threads: 1 });
    assertEquals(device.name, "cpu");
  },
});

Deno.test("DENOLM_BLAS names the only library that is tried", () => {
  const before = Deno.env.get("DENOLM_BLAS");
  Deno.env.set("DENOLM_BLAS", "/nowhere/libblas.so");
  try {
    const error = assertThrows(() => openBlasLibrary(1), NoBlasError, "/nowhere/libblas.so");
    assertEquals(error.message.includes("libopenblas.so.0"), false);
  } finally {
    if (before === undefined) Deno.env.delete("DENOLM_BLAS");
    else Deno.env.set("DENOLM_BLAS", before);
  }
});

Deno.test({
  name: "a library whose integers have 64 bits is refused, though its functions bear the same names",
  ignore: !hasCompiler(),
  fn: () => {
    const folder = Deno.makeTempDirSync();
    try {
      const library = `${folder}/liblong.so`;
      Deno.writeTextFileSync(
        `${folder}/long.cpp`,
        `extern "C" {
           void cblas_sgemm() {}
           float cblas_sdot(long n, const float *x, long incx, const float *y, long incy) {
             float sum = 0;
             for (long i = 0; i < n; i++) sum += x[i * incx] * y[i * incy];
             return sum;
           }
         }`,
      );
      const args = ["-shared", "-fPIC", "-o", library, `${folder}/long.cpp`];
      assertEquals(new Deno.Command("g++", { args }).outputSync().success, true);
      assertThrows(() => openBlasLibrary(1, library), NoBlasError, `${library}: its integers have 64 bits (ILP64)`);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

function hasCompiler(): boolean {
  try {
    return new Deno.Command("g++", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

Deno.test("a device of an unknown name is refused with the names that are known", () => {
  const error = assertThrows(() => openDevice("tpu" as "cpu"), RangeError, '"tpu"');
  for (const name of deviceNames) assertEquals(error.message.includes(name), true);
});
