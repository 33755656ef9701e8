import { conformance } from "../device_conformance/conformance.ts";
import { pytorchOperations } from "../device_conformance/pytorch_operations.ts";
import { pytorchTraining } from "../device_conformance/pytorch_training.ts";
import { forCpuDevices } from "./cpu_devices.ts";

forCpuDevices((name, open) => {
  conformance(name, open);
  pytorchOperations(name, open);
  pytorchTraining(name, open);
});
