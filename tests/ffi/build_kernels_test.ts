import { assertEquals } from "@std/assert";
import { kernelModules } from "../../ffi/cpu/build_kernels.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

Deno.test("the modules are what their sources compile to", async () => {
  using folder = new TemporaryFolder();
  const at = (name: string) => decodeURIComponent(new URL(`../../${name}`, import.meta.url).pathname);
  // The compiler is in dev.lock only, which is another process's business.
  const args = ["run", "-A", "-q", `--lock=${at("dev.lock")}`, at("ffi/cpu/build_kernels.ts"), folder.path];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(success, true, new TextDecoder().decode(stderr));
  for (const { name, file } of kernelModules) {
    // Compared by length first: a difference is then told in a line, not in thousands of bytes.
    const [committed, built] = [await Deno.readFile(file), await Deno.readFile(folder.at(name))];
    assertEquals(committed.length, built.length, `${name}: rebuild with deno task build_kernels`);
    assertEquals(
      committed.every((byte, i) => byte === built[i]),
      true,
      `${name}: rebuild with deno task build_kernels`,
    );
  }
});

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
