import { assertStringIncludes, assertThrows } from "@std/assert";
import { openNpy } from "../../lib/data/npy.ts";
import { openSafetensors } from "../../lib/data/safetensors.ts";
import { TemporaryFolder } from "./temporary_folder.ts";

Deno.test("a folder in the place of a file of arrays is refused by name", () => {
  using folder = new TemporaryFolder();
  for (const open of [openNpy, openSafetensors]) {
    const { message } = assertThrows(() => open(folder.path), Deno.errors.IsADirectory);
    assertStringIncludes(message, `Cannot read ${folder.path}: it is a folder`);
  }
});
