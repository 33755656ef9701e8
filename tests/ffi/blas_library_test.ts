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

Deno.test("DENOLM_BLAS names the only library that is tried, and the reason is one line about it", () => {
  const before = Deno.env.get("DENOLM_BLAS");
  Deno.env.set("DENOLM_BLAS", "/nowhere/libblas.so");
  try {
    const error = assertThrows(() => openBlasLibrary(1), NoBlasError, "/nowhere/libblas.so");
    assertEquals(error.message.includes("libopenblas.so.0"), false);
    assertEquals(error.reason.startsWith("/nowhere/libblas.so: cannot open"), true, error.reason);
  } finally {
    if (before === undefined) Deno.env.delete("DENOLM_BLAS");
    else Deno.env.set("DENOLM_BLAS", before);
  }
});

testWithLibrary(
  "a library whose integers have 64 bits is refused, though its functions bear the same names",
  `extern "C" {
     void cblas_sgemm() {}
     float cblas_sdot(long n, const float *x, long incx, const float *y, long incy) {
       float sum = 0;
       for (long i = 0; i < n; i++) sum += x[i * incx] * y[i * incy];
       return sum;
     }
   }`,
  (library) => {
    assertThrows(() => openBlasLibrary(1, library), NoBlasError, `${library}: its integers have 64 bits (ILP64)`);
  },
);

testWithLibrary(
  "a program goes on, and ends, after the use of a library whose OpenMP threads wait for more",
  `#include <omp.h>
   extern "C" void cblas_sgemm(int, int, int, int, int, int, float, void *, int, void *, int, float, float *c, int) {
     omp_set_num_threads(2);
     #pragma omp parallel
     { c[omp_get_thread_num()] = 1; }
   }`,
  (library) => {
    const program = `
      import { openBlasLibrary } from ${JSON.stringify(import.meta.resolve("../../ffi/cpu/blas_library.ts"))};
      for (let time = 0; time < 3; time++) {
        using opened = openBlasLibrary(3, ${JSON.stringify(library)});
        const [ones, c] = [new Uint8Array(4), new Float32Array(3)];
        opened.functions.cblas_sgemm(0, 0, 0, 0, 0, 0, 0, ones, 0, ones, 0, 0, c, 0);
        console.log(c.join());
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
      console.log("end");
    `;
    const { code, stdout } = new Deno.Command(Deno.execPath(), {
      args: ["eval", program],
      env: { OMP_WAIT_POLICY: "active" },
    }).outputSync();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "1,1,0\n1,1,0\n1,1,0\nend\n"]);
  },
);

/** Runs a test on a library made from C++; on other systems than Linux, or without a compiler, it is skipped. */
function testWithLibrary(name: string, source: string, run: (library: string) => void): void {
  Deno.test({
    name,
    ignore: Deno.build.os !== "linux" || !hasCompiler(),
    fn: () => {
      const folder = Deno.makeTempDirSync();
      try {
        const library = `${folder}/library.so`;
        Deno.writeTextFileSync(`${folder}/library.cpp`, source);
        const args = ["-fopenmp", "-shared", "-fPIC", "-o", library, `${folder}/library.cpp`];
        assertEquals(new Deno.Command("g++", { args }).outputSync().success, true);
        run(library);
      } finally {
        Deno.removeSync(folder, { recursive: true });
      }
    },
  });
}

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
