import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { openLlama } from "../../lib/interop/llama_checkpoint.ts";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";

// Checkpoints and logits that transformers made: tests/fixtures/llama/make_llama.py.
const fixtures = decodeURIComponent(new URL("../fixtures/llama/", import.meta.url).pathname);
const Expected = z.object({ tokens: z.array(z.array(z.int())), logits: z.array(z.number()) });

for (const name of ["untied", "tied", "grouped_query", "bfloat16", "sharded"]) {
  Deno.test(`openLlama() gives a model with transformers' logits: ${name}`, () => {
    const { tokens, logits } = Expected.parse(JSON.parse(Deno.readTextFileSync(`${fixtures}${name}/expected.json`)));
    using llama = openLlama(`${fixtures}${name}`);
    using device = new Device(new ReferenceBackend());
    using model = new TransformerLM(device, llama.config, { state: llama.state() });
    using tape = new Tape(device, { recording: false });
    const ours = tape.read(model.forward(tape, model.tokens(tape, tokens.flat(), [2, 9])));
    assertEquals(ours.length, logits.length);
    const largest = Math.max(...logits.map((logit, i) => Math.abs(logit - ours[i])));
    assert(largest < 1e-5, `largest difference: ${largest}`);
  });
}

Deno.test("a checkpoint refuses names that it does not have, and is read no more after its end", () => {
  const llama = openLlama(`${fixtures}tied`);
  assertThrows(() => llama.weights("lm_head"), RangeError, "Cannot read the weights lm_head");
  llama[Symbol.dispose]();
  llama[Symbol.dispose]();
  assertThrows(() => llama.state(), Error, "it was closed");
});
