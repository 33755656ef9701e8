import { assertEquals, assertMatch } from "@std/assert";
import { Device } from "../../../lib/tensor/device.ts";
import { Trainer } from "../../../lib/training/trainer.ts";
import { type Emulation, testOnEmulation } from "../../cuda_emulation/build_emulation.ts";
import { cases } from "../../device_conformance/cases.ts";
import { type Case, Workbench } from "../../device_conformance/workbench.ts";
import { smallConfig } from "../../training/small_run.ts";
import { runInBf16 } from "./bf16_bench.ts";
import { runPlanted } from "./planted_kernel.ts";

// What the emulation says of a kernel of 64 threads and a block or two; "" if nothing.
function said(emulation: Emulation, body: string, blocks = 1): string {
  emulation.checkRaces(true);
  const source = `extern "C" { extern unsigned char shared_memory[]; }
    extern "C" __global__ void planted(float* x) {
      float* shared = (float*)shared_memory;
      int i = threadIdx.x, other = i ^ 1, far = 63 - i;
      ${body}
    }`;
  let message = "";
  runPlanted(emulation, source, "planted", ({ launch }) => {
    try {
      launch();
    } catch (error) {
      assertMatch(String(error), /CUDA_ERROR_LAUNCH_FAILED/);
      message = emulation.message();
    }
  }, { blocks });
  return message;
}

testOnEmulation("a race within a block is found, whichever order the threads run in", (emulation) => {
  for (const order of ["ascending", "descending"] as const) {
    emulation.setThreadOrder(order);
    const exchange = (barrier: string) => said(emulation, `shared[i] = i; ${barrier} x[i] = shared[far];`);
    assertMatch(
      exchange(""),
      /a race: thread \d+ (reads what|writes what) .*thread.* (wrote|read), and no barrier lies/,
    );
    assertEquals(exchange("__syncthreads();"), "");
    // The second use of the same memory needs a barrier too.
    const twice = (barrier: string) =>
      said(emulation, `shared[i] = i; __syncthreads(); x[i] = shared[far]; ${barrier} shared[i] = 1;`);
    assertMatch(twice(""), /a race: thread \d+ (writes|reads) what thread.* (read|wrote), .* of shared memory/);
    assertEquals(twice("__syncthreads();"), "");
  }
});

testOnEmulation("lanes of a warp are ordered by __syncwarp(), and not by a shuffle", (emulation) => {
  const exchange = (barrier: string) => said(emulation, `shared[i] = i; ${barrier} x[i] = shared[other];`);
  assertEquals(exchange("__syncwarp();"), "");
  assertMatch(exchange("__shfl_xor_sync(0xffffffffu, 1, 1);"), /a race/);
  assertMatch(said(emulation, "shared[i] = i; __syncwarp(); x[i] = shared[far];"), /a race/);
});

testOnEmulation("blocks that touch the same memory race, unless they only read or add atomically", (emulation) => {
  assertMatch(said(emulation, "x[i] = 1;", 2), /a race: thread 0 writes what a thread of another block wrote/);
  assertMatch(
    said(emulation, "if (blockIdx.x == 0) x[i] = 1; else shared[i] = x[i];", 2),
    /thread 0 reads what .* wrote/,
  );
  assertMatch(
    said(emulation, "if (blockIdx.x == 1) x[i] = 1; else shared[i] = x[i];", 2),
    /thread 0 writes what .* read/,
  );
  assertEquals(said(emulation, "shared[i] = x[i];", 2), "");
  assertEquals(said(emulation, "atomicAdd((int*)x + i, 1);", 2), "");
  assertEquals(said(emulation, "if (blockIdx.x == 0) x[i] = 1;", 2), "");
});

testOnEmulation("what is changed atomically may be read or written only behind a barrier", (emulation) => {
  const counted = (first: string, second: string) =>
    said(
      emulation,
      `int* count = (int*)shared_memory; count[i] = 0; ${first} atomicAdd(count, 1); ${second} x[i] = count[0];`,
    );
  assertEquals(counted("__syncthreads();", "__syncthreads();"), "");
  assertMatch(counted("", "__syncthreads();"), /a race: thread \d+ (changes atomically|writes) what thread/);
  assertMatch(counted("__syncthreads();", ""), /a race: thread \d+ (reads|changes atomically) what (thread|several)/);
});

testOnEmulation("a copy to shared memory that is waited for but not by the others is a race", (emulation) => {
  const copied = (barrier: string) =>
    said(
      emulation,
      `if (i < 16) copy_async_16(shared + 4 * i, x + 4 * i, true);
       copy_async_commit();
       copy_async_wait<0>();
       ${barrier}
       float y = shared[far];
       if (y == 1.5f) x[i] = y;`,
    );
  assertMatch(copied(""), /a race/);
  assertEquals(copied("__syncthreads();"), "");
});

for (const dtype of ["f32", "bf16"] as const) {
  testOnEmulation(`cuda: no kernel races in ${dtype}, in any case of the conformance suite`, (emulation) => {
    emulation.checkRaces(true);
    using device = new Device(emulation.open());
    if (dtype === "bf16") runInBf16(device);
    for (const [operation, list] of Object.entries(cases)) runAll(emulation, device, operation, list);
  });
}

testOnEmulation("cuda: no kernel races in products that cuBLAS does not make", (emulation) => {
  emulation.checkRaces(true);
  emulation.setProducts({ cublasLt: false, cublas: false });
  using device = new Device(emulation.open());
  runAll(emulation, device, "matmul", cases.matmul);
});

testOnEmulation("cuda: no kernel races in sampling", (emulation) => {
  emulation.checkRaces(true);
  using device = new Device(emulation.open());
  using arena = device.arena("sampling");
  const [rows, columns] = [2, 1500];
  const [logits, draws, tokens] = [
    arena.alloc(rows * columns, "f32"),
    arena.alloc(rows, "f32"),
    arena.alloc(rows, "i32"),
  ];
  device.upload(logits, Float32Array.from({ length: rows * columns }, (_, i) => Math.round(4 * Math.sin(i * i))));
  device.upload(draws, Float32Array.of(0.1, 0.9));
  for (const limits of [{ topK: columns, topP: 1 }, { topK: 40, topP: 0.9 }, { topK: 3, topP: 0.01 }]) {
    device.sample({ logits, draws, tokens, rows, columns, temperature: 0.8, ...limits });
    assertEquals(device.download(tokens, new Int32Array(rows)).every((token) => token >= 0 && token < columns), true);
  }
});

function runAll(emulation: Emulation, device: Device, operation: string, list: Record<string, Case>): void {
  for (const [title, run] of Object.entries(list)) {
    using bench = new Workbench(device, 1);
    try {
      run(bench);
    } catch (error) {
      throw new Error(`${operation}, ${title}: ${emulation.message()}`, { cause: error });
    }
  }
}

testOnEmulation("cuda: no kernel races in training steps", (emulation) => {
  emulation.checkRaces(true);
  for (const optimizer of [{ name: "adamw" }, { name: "muon" }] as const) {
    using device = new Device(emulation.open());
    using trainer = new Trainer(device, smallConfig({ precision: "bfloat16", optimizer }));
    const batch = { inputs: Int32Array.from({ length: 12 }, (_, i) => i % 5), targets: new Int32Array(12).fill(4) };
    for (let step = 0; step < 3; step++) trainer.step([batch, batch]);
    assertEquals(trainer.readResults().losses.length, 3);
  }
});
