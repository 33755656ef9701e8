import { assertEquals, assertThrows } from "@std/assert";
import { DiskFullError } from "../../lib/data/disk_full_error.ts";
import { CheckpointFolder } from "../../lib/training/checkpoint_folder.ts";
import { TemporaryFolder } from "../data/temporary_folder.ts";

function withCheckpoints(steps: number[], use: (checkpoints: CheckpointFolder, folder: TemporaryFolder) => void): void {
  using folder = new TemporaryFolder();
  const checkpoints = new CheckpointFolder(folder.path);
  for (const step of steps) Deno.writeTextFileSync(checkpoints.pathOf(step), `step ${step}`);
  use(checkpoints, folder);
}

Deno.test("checkpoints are listed by step, whatever else lies there", () => {
  withCheckpoints([100, 9, 123456789], (checkpoints, folder) => {
    Deno.writeTextFileSync(folder.at("step-00000200.safetensors.7.tmp"), "half");
    Deno.writeTextFileSync(folder.at("notes.txt"), "");
    assertEquals(checkpoints.list().map(({ step }) => step), [9, 100, 123456789]);
    assertEquals(checkpoints.latest()?.path, checkpoints.pathOf(123456789));
  });
  withCheckpoints([], (checkpoints) => assertEquals(checkpoints.latest(), undefined));
});

Deno.test("the newest are kept, and the best outlives its own removal", () => {
  withCheckpoints([1, 2, 3, 4], (checkpoints, folder) => {
    checkpoints.markBest(2);
    checkpoints.prune(2);
    assertEquals(folder.names(), ["best.safetensors", "step-00000003.safetensors", "step-00000004.safetensors"]);
    assertEquals(Deno.readTextFileSync(checkpoints.bestPath), "step 2");
    checkpoints.markBest(4);
    assertEquals(Deno.readTextFileSync(checkpoints.bestPath), "step 4");
    assertEquals(folder.names().length, 3);
  });
});

Deno.test("a checkpoint named the best again, as when a run is resumed at it, is left alone by the next best", () => {
  withCheckpoints([1, 2], (checkpoints, folder) => {
    const files = ["best.safetensors", "step-00000001.safetensors", "step-00000002.safetensors"];
    checkpoints.markBest(1);
    checkpoints.markBest(1);
    assertEquals(folder.names(), files);
    checkpoints.markBest(2);
    assertEquals(folder.names(), files);
    assertEquals(files.map((name) => Deno.readTextFileSync(folder.at(name))), ["step 2", "step 1", "step 2"]);
  });
});

Deno.test("a name that a killed process of the same number has left is not written through", () => {
  withCheckpoints([1, 2], (checkpoints, folder) => {
    Deno.linkSync(checkpoints.pathOf(1), `${checkpoints.bestPath}.${Deno.pid}.tmp`);
    checkpoints.markBest(2);
    assertEquals(Deno.readTextFileSync(checkpoints.pathOf(1)), "step 1");
    assertEquals(Deno.readTextFileSync(checkpoints.bestPath), "step 2");
    assertEquals(folder.names().length, 3);
  });
});

Deno.test("where a file has no second name the best is a copy, and one that does not fit leaves nothing", () => {
  withCheckpoints([1, 2], (checkpoints, folder) => {
    const { linkSync, copyFileSync } = Deno;
    Deno.linkSync = () => {
      throw new Deno.errors.NotSupported();
    };
    try {
      checkpoints.markBest(1);
      Deno.copyFileSync = (_, to) => {
        Deno.writeTextFileSync(to, "st");
        throw Object.assign(new Error("No space left on device (os error 28)"), { code: "ENOSPC" });
      };
      assertThrows(() => checkpoints.markBest(2), DiskFullError, `Cannot write ${checkpoints.bestPath}`);
    } finally {
      Object.assign(Deno, { linkSync, copyFileSync });
    }
    assertEquals(Deno.readTextFileSync(checkpoints.bestPath), "step 1");
    assertEquals(folder.names(), ["best.safetensors", "step-00000001.safetensors", "step-00000002.safetensors"]);
  });
});
