import { assert, assertEquals } from "@std/assert";
import { TransformerLM } from "../../lib/model/transformer_lm.ts";
import { Device } from "../../lib/tensor/device.ts";
import { ReferenceBackend } from "../../lib/tensor/reference_backend.ts";
import { Tape } from "../../lib/tensor/tape.ts";

// Loss and gradients of two batches, added up, and what the largest product was asked for.
function train(rowBytes: number | undefined, tied_embeddings: boolean) {
  const backend = Object.assign(new ReferenceBackend(), { rowBytes });
  const widths: number[] = [];
  const matmul = backend.matmul.bind(backend);
  backend.matmul = (args) => {
    widths.push(args.n);
    matmul(args);
  };
  using device = new Device(backend);
  using model = new TransformerLM(device, {
    ...{ vocab_size: 13, context_length: 4, num_layers: 1, d_model: 8, num_heads: 2, d_ff: 12, tied_embeddings },
  }, { seed: 3 });
  const losses = [[1, 5, 12, 0], [7, 12, 2, 3]].map((ids) => {
    using tape = new Tape(device);
    const loss = model.loss(tape, model.tokens(tape, ids), model.tokens(tape, ids.toReversed()), {
      gradientScale: 0.5,
    });
    const [value] = tape.read(loss);
    tape.backward(loss);
    return value;
  });
  return { losses, gradients: device.download(model.parameters.gradients!), widths };
}

for (const tied of [false, true]) {
  Deno.test(`padded logits change no bit of losses and gradients, ${tied ? "tied" : "untied"} head`, () => {
    const [plain, padded] = [train(undefined, tied), train(16, tied)];
    assertEquals(padded.losses, plain.losses);
    assertEquals(padded.gradients, plain.gradients);
    assert(plain.widths.includes(13) && !plain.widths.includes(16) && padded.widths.includes(16));
    assert(!padded.widths.includes(13));
  });
}
