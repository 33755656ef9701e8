import { assertEquals } from "@std/assert";
import { changeEvents } from "../../lib/dashboard/change_events.ts";

/** The words of a stream of events, one at a time. */
function reading(response: Response): ReadableStreamDefaultReader<string> {
  return response.body!.pipeThrough(new TextDecoderStream()).getReader();
}

Deno.test("a change is told once, however long the stream goes on", async () => {
  let state = "one";
  const { signal } = new AbortController();
  const words = reading(changeEvents({ stamp: () => state, milliseconds: 1, signal }));
  assertEquals((await words.read()).value, "retry: 2000\n\n");
  state = "two";
  assertEquals((await words.read()).value, "event: change\ndata: \n\n");
  const next = words.read();
  await new Promise((resolve) => setTimeout(resolve, 20)); // many looks at what is the same
  state = "three";
  assertEquals((await next).value, "event: change\ndata: \n\n");
  await words.cancel();
});

Deno.test("a signal ends the stream, and a reader that goes away ends the looking", async () => {
  const controller = new AbortController();
  let looks = 0;
  const stamp = () => String(looks++);
  const words = reading(changeEvents({ stamp, milliseconds: 1, signal: controller.signal }));
  await words.read();
  controller.abort();
  let last = await words.read();
  while (!last.done) last = await words.read();
  const gone = reading(changeEvents({ stamp, milliseconds: 1, signal: new AbortController().signal }));
  await gone.cancel();
  const before = looks;
  await new Promise((resolve) => setTimeout(resolve, 20));
  assertEquals(looks, before);
});

Deno.test("a look that fails ends the stream, so that the page asks again", async () => {
  let fails = false;
  const stamp = () => {
    if (fails) throw new Error("the disk is gone");
    return "";
  };
  const words = reading(changeEvents({ stamp, milliseconds: 1, signal: new AbortController().signal }));
  await words.read();
  fails = true;
  assertEquals((await words.read()).done, true);
});
