import { assertThrows } from "@std/assert";
import { Device } from "../../lib/tensor/device.ts";
import type { SiluArguments } from "../../lib/tensor/operations.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { cases } from "./cases.ts";
import { compareCase, conformance } from "./conformance.ts";

conformance("reference", () => new Device(new ReferenceBackend()));

Deno.test("the conformance suite fails for a device whose operation is missing or wrong", () => {
  class NoSilu extends ReferenceBackend {
    override silu(_args: SiluArguments): void {}
  }
  class RoughSilu extends ReferenceBackend {
    override silu(args: SiluArguments): void {
      super.silu(args);
      this.scale({ x: args.out, out: args.out, factor: 1 + 1e-3 });
    }
  }
  using reference = new Device(new ReferenceBackend());
  for (const backend of [new NoSilu(), new RoughSilu()]) {
    using device = new Device(backend);
    const [run] = Object.values(cases.silu);
    assertThrows(() => compareCase(reference, device, run, 1e-5), Error, "tolerance");
  }
});
