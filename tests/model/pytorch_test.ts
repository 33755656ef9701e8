import { pytorchOperations } from "../device_conformance/pytorch_operations.ts";
import { pytorchTraining } from "../device_conformance/pytorch_training.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";

pytorchOperations("reference", () => new Device(new ReferenceBackend()));
pytorchTraining("reference", () => new Device(new ReferenceBackend()));
