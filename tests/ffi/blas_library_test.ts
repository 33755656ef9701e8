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

Deno.test("a device of an unknown name is refused with the names that are known", () => {
  const error = assertThrows(() => openDevice("tpu" as "cpu"), RangeError, '"tpu"');
  for (const name of deviceNames) assertEquals(error.message.includes(name), true);
});
