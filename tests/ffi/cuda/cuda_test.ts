// One file for all tests on the emulation: files run side by side in threads of one process, and the emulated device,
// like a real one, belongs to the process.
import "./attention.ts";
import "./conformance.ts";
import "./devices.ts";
import "./errors.ts";
import "./faults.ts";
import "./generation.ts";
import "./inspect.ts";
import "./matmul.ts";
import "./pinned_memory.ts";
import "./ptx.ts";
import "./races.ts";
import "./recordings.ts";
import "./sampling.ts";
import "./trainer.ts";
import "./training.ts";
