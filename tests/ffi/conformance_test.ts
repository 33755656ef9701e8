import { CpuBackend } from "../../ffi/cpu/cpu_backend.ts";
import { Device } from "../../lib/tensor/device.ts";
import { conformance } from "../device_conformance/conformance.ts";

for (const threads of [1, 2]) conformance(`cpu, ${threads} threads`, () => new Device(new CpuBackend({ threads })));
