import { assertEquals } from "@std/assert";
import { taskCommand } from "../../scripts/frame/command_line.ts";

Deno.test("a task's command line can be typed into a shell again, whatever its words are", async () => {
  const words = ["It's late", "--seed", "3", "$HOME `ls` \\", "a\nb", ""];
  const command = taskCommand("generate", words);
  assertEquals(command.startsWith("deno task generate "), true);
  assertEquals(command.includes(" --seed 3 "), true);
  const shell = `for word in ${command}; do printf '%s|' "$word"; done`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", shell] }).output();
  assertEquals(new TextDecoder().decode(stdout), ["deno", "task", "generate", ...words].join("|") + "|");
});
