import { assertEquals } from "@std/assert";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { RepeatedWork } from "../../lib/tensor/repeated_work.ts";

Deno.test("repeated work is queued once, recorded once, replayed from then on, and freed", () => {
  const events: string[] = [];
  const backend = new ReferenceBackend();
  const record = (work: () => void) => {
    events.push("record");
    work();
    return { replay: () => void events.push("replay"), [Symbol.dispose]: () => void events.push("free") };
  };
  Object.defineProperty(backend, "record", { value: record });
  using device = new Device(backend);
  {
    using repeated = new RepeatedWork(device, () => void events.push("work"));
    for (let i = 0; i < 4; i++) repeated.run();
  }
  assertEquals(events, ["work", "record", "work", "replay", "replay", "replay", "free"]);
});

Deno.test("on a device that does not record, repeated work is queued each time", () => {
  let times = 0;
  using device = new Device(new ReferenceBackend());
  using repeated = new RepeatedWork(device, () => void times++);
  for (let i = 0; i < 3; i++) repeated.run();
  assertEquals(times, 3);
});
