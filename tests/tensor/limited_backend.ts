import { ReferenceBackend, type ReferenceBlock } from "../../lib/tensor/reference_backend.ts";

/** A reference backend whose memory ends after so many blocks. */
export class LimitedBackend extends ReferenceBackend {
  #left: number;

  constructor(blocks: number) {
    super();
    this.#left = blocks;
  }

  override reserve(bytes: number): ReferenceBlock {
    if (this.#left-- === 0) throw new RangeError("Cannot reserve memory: there is no more");
    return super.reserve(bytes);
  }
}
