import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { openDevice } from "../../../ffi/devices.ts";
import { CudaError } from "../../../ffi/cuda/cuda_error.ts";
import { DRIVER_LIBRARY, openLibrary } from "../../../ffi/cuda/find_library.ts";
import { Trainer } from "../../../lib/training/trainer.ts";
import { smallConfig } from "../../training/small_run.ts";
import { testOnEmulation } from "../../cuda_emulation/build_emulation.ts";

// Opens "auto", and says what it is and what it passed over.
function auto(libraries: Record<string, string>): { name: string; reasons: string[] } {
  const reasons: string[] = [];
  using device = openDevice("auto", {
    threads: 1,
    cuda: { libraries },
    onPassedOver: (reason) => reasons.push(reason),
  });
  return { name: device.name, reasons };
}

testOnEmulation("auto takes the GPU where it works", ({ libraries }) => {
  assertEquals(auto({ ...libraries }), { name: "cuda", reasons: [] });
});

testOnEmulation("auto passes over a GPU that does not work, and says why in a line", (emulation) => {
  const libraries = { ...emulation.libraries };
  emulation.setMachine({ devices: 0 });
  assertMatch(auto(libraries).reasons[0], /^cuda not used: .*CUDA_ERROR_NO_DEVICE.*nvidia-smi/);
  emulation.setMachine({ driverVersion: 12_040 });
  assertMatch(auto(libraries).reasons[0], /^cuda not used: .*the driver supports CUDA 12\.4; update the driver/);
  emulation.setMachine();
  const { name, reasons } = auto({ ...libraries, driver: "/nowhere/libcuda.so.1" });
  assert(name === "blas" || name === "cpu");
  assertEquals(reasons[0], "cuda not used: the CUDA driver was not found (1 place tried)");
  for (const reason of reasons) assert(!reason.includes("\n"), reason);
});

testOnEmulation("the cuda device by name is an error where it does not work", ({ libraries }) => {
  assertThrows(() => openDevice("cuda", { cuda: { libraries, device: 7 } }), CudaError, "choose a device that");
});

testOnEmulation("two GPUs that are open at once work by turns as each does alone", (emulation) => {
  emulation.setMachine({ devices: 2 });
  const batch = { inputs: new Int32Array(12).fill(3), targets: new Int32Array(12).fill(4) };
  const open = (ordinal: number) => {
    const device = openDevice("cuda", { cuda: { libraries: { ...emulation.libraries }, device: ordinal } });
    return { device, trainer: new Trainer(device, smallConfig({ precision: "bfloat16", seed: ordinal })) };
  };
  const losses = (trainer: Trainer) => [...trainer.readResults().losses];
  const alone = [0, 1].map((ordinal) => {
    const { device, trainer } = open(ordinal);
    for (let step = 0; step < 3; step++) trainer.step([batch]);
    const result = losses(trainer);
    trainer[Symbol.dispose]();
    device[Symbol.dispose]();
    return result;
  });
  assertNotEquals(alone[0], alone[1]);
  const both = [0, 1].map(open);
  for (let step = 0; step < 3; step++) both.forEach(({ trainer }) => trainer.step([batch]));
  assertEquals(both.map(({ trainer }) => losses(trainer)), alone);
  // In the order in which they were opened, so that the context of the first is not the one that is current.
  for (const { device, trainer } of both) {
    trainer[Symbol.dispose]();
    device[Symbol.dispose]();
  }
  assertEquals(emulation.leaks(), { allocations: 0, handles: 0, descriptors: 0 });
});

testOnEmulation("a library that was closed stays in memory, where the driver may still call it", ({ libraries }) => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/libown.so`;
  const mapped = () => Deno.readTextFileSync("/proc/self/maps").includes(path);
  try {
    Deno.copyFileSync(libraries.driver, path);
    Deno.dlopen(path, {}).close();
    assert(!mapped(), "the loader unloads it of itself");
    openLibrary(DRIVER_LIBRARY, {}, { path }).close();
    assert(mapped());
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

// What a task's permission set grants: some libraries, by path.
testOnEmulation("training on the GPU takes permission for its libraries only", async ({ libraries }) => {
  const url = (path: string) => JSON.stringify(new URL(`../../../${path}`, import.meta.url).href);
  const code = `
    import { openDevice } from ${url("ffi/devices.ts")};
    import { Trainer } from ${url("lib/training/trainer.ts")};
    import { smallConfig } from ${url("tests/training/small_run.ts")};
    using device = openDevice("cuda", { cuda: { libraries: ${JSON.stringify(libraries)} } });
    using trainer = new Trainer(device, smallConfig({ precision: "bfloat16" }));
    const batch = { inputs: new Int32Array(12).fill(3), targets: new Int32Array(12).fill(4) };
    for (let step = 0; step < 3; step++) trainer.step([batch]);
    console.log([...trainer.readResults().losses].every((loss) => loss > 0));`;
  const config = decodeURIComponent(new URL("../../../deno.json", import.meta.url).pathname);
  const run = (...permissions: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-q",
        "--no-prompt",
        "--no-lock",
        "--config",
        config,
        ...permissions,
        `data:application/typescript,${encodeURIComponent(code)}`,
      ],
      env: { NO_COLOR: "1" },
    }).output();
  const { stdout, stderr } = await run(`--allow-ffi=${libraries.driver}`);
  assertEquals([new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)], ["true\n", ""]);
  const refused = new TextDecoder().decode((await run()).stderr);
  assertStringIncludes(refused, `not permitted; run with --allow-ffi=${libraries.driver}`);
  assertStringIncludes(refused, "to look where the environment points: --allow-ffi --allow-env");
});
