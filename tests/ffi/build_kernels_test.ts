import { assertEquals } from "@std/assert";
import { buildKernels, kernelModules } from "../../ffi/cpu/build_kernels.ts";

for (const { file, relaxed } of kernelModules) {
  const name = file.pathname.split("/").at(-1);
  Deno.test(`${name} is what its sources compile to`, async () => {
    // Compared by length first: a difference is then told in a line, not in thousands of bytes.
    const [committed, built] = [await Deno.readFile(file), await buildKernels(relaxed)];
    assertEquals(committed.length, built.length, "rebuild with deno run ffi/cpu/build_kernels.ts");
    assertEquals(
      committed.every((byte, i) => byte === built[i]),
      true,
      "rebuild with deno run ffi/cpu/build_kernels.ts",
    );
  });
}

Deno.test("the module without relaxed FMA has the same kernels and no relaxed instruction", async () => {
  const [relaxed, plain] = await Promise.all(
    kernelModules.map(async ({ file }) => new WebAssembly.Module(await Deno.readFile(file))),
  );
  assertEquals(WebAssembly.Module.exports(plain), WebAssembly.Module.exports(relaxed));
  // f32x4.relaxed_madd is 0xfd 0x85 0x02.
  const count = async (file: URL) => {
    const bytes = await Deno.readFile(file);
    return bytes.filter((byte, i) => byte === 0xfd && bytes[i + 1] === 0x85 && bytes[i + 2] === 0x02).length;
  };
  assertEquals(await count(kernelModules[1].file), 0);
  assertEquals(await count(kernelModules[0].file) > 0, true);
});
