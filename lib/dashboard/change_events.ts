/** What to watch and how. */
export interface ChangeEventsOptions {
  /** Says how things stand, as a text that differs once there is something new to show. */
  stamp: () => string;
  /** Time between two looks. */
  milliseconds: number;
  /** Ends the stream. */
  signal: AbortSignal;
}

// A proxy or a tunnel closes what is silent for a minute.
const LONGEST_SILENCE_MILLISECONDS = 20_000;

/**
 * A stream of server-sent events for a page: "change" whenever there is something new. It looks by itself instead of
 * waiting for the file system to tell, which network file systems do not do.
 */
export function changeEvents({ stamp, milliseconds, signal }: ChangeEventsOptions): Response {
  const encoder = new TextEncoder();
  let stop = () => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      let seen = stamp();
      let lastWord = Date.now();
      const say = (text: string) => {
        controller.enqueue(encoder.encode(text));
        lastWord = Date.now();
      };
      const look = () => {
        const now = stamp();
        if (now !== seen) say("event: change\ndata: \n\n");
        else if (Date.now() - lastWord > LONGEST_SILENCE_MILLISECONDS) say(": still here\n\n");
        seen = now;
      };
      const end = () => {
        stop();
        controller.close();
      };
      const timer = setInterval(() => {
        try {
          look();
        } catch {
          end(); // The page asks again, and then an answer can say what is wrong.
        }
      }, milliseconds);
      stop = () => {
        clearInterval(timer);
        signal.removeEventListener("abort", end);
      };
      if (signal.aborted) return end();
      signal.addEventListener("abort", end);
      say("retry: 2000\n\n");
    },
    cancel: () => stop(),
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
