import { openDevice } from "../../ffi/devices.ts";
import { TokenDataset } from "../../lib/data/token_dataset.ts";
import { holdsRun } from "../../lib/training/experiment_record.ts";
import { train } from "../../lib/training/train_loop.ts";
import { endlessConfig, walk } from "./small_run.ts";

// A process that kill_test.ts starts and kills: it begins or resumes the run in the folder it is given.
const [folder] = Deno.args;
const data = TokenDataset.fromIds(walk(400), { vocabSize: 12 });
using device = openDevice("cpu", { threads: 1 });
using _trained = await train({ config: endlessConfig(1_000_000), device, data, folder, resume: holdsRun(folder) });
