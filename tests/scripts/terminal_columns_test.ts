import { assertEquals } from "@std/assert";
import { terminalColumns } from "../../scripts/frame/terminal_columns.ts";

Deno.test("a terminal that does not know its width, or says 0, has none", () => {
  const { consoleSize } = Deno;
  const widthIf = (say: () => number) => {
    Deno.consoleSize = () => ({ columns: say(), rows: 24 });
    return terminalColumns({ isTerminal: () => true });
  };
  try {
    assertEquals(widthIf(() => 80), 80);
    assertEquals(widthIf(() => 0), undefined);
    assertEquals(
      widthIf(() => {
        throw new Error("Inappropriate ioctl for device (os error 25)");
      }),
      undefined,
    );
  } finally {
    Deno.consoleSize = consoleSize;
  }
});
