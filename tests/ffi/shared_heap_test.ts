import { assertEquals, assertThrows } from "@std/assert";
import { HEAP_BYTES, type HeapBlock, SharedHeap } from "../../ffi/cpu/shared_heap.ts";
import { Random } from "../../lib/tensor/random.ts";

Deno.test("pieces that are taken and given in any order are aligned, apart, and one piece again in the end", () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = new Random(seed);
    const heap = new SharedHeap(5000);
    const free = heap.freeBytes;
    const taken: HeapBlock[] = [];
    for (let time = 0; time < 400; time++) {
      if (taken.length > 0 && random.below(5) < 2) {
        heap.give(taken.splice(random.below(taken.length), 1)[0]);
        continue;
      }
      const bytes = 1 + random.below(random.below(8) === 0 ? 1_000_000 : 2000);
      const block = heap.take(bytes);
      assertEquals([block.address % 256, block.bytes >= bytes, block.address >= 5000], [0, true, true]);
      assertEquals(block.address + block.bytes <= heap.memory.buffer.byteLength, true);
      assertEquals(taken.some((other) => overlap(block, other)), false);
      taken.push(block);
      assertEquals(heap.freeBytes, free - taken.reduce((sum, { bytes }) => sum + bytes, 0));
    }
    while (taken.length > 0) heap.give(taken.splice(random.below(taken.length), 1)[0]);
    assertEquals([heap.freeBytes, heap.take(2_000_000).address], [free, HEAP_BYTES - free]);
  }
});

function overlap(a: HeapBlock, b: HeapBlock): boolean {
  return a.address < b.address + b.bytes && b.address < a.address + a.bytes;
}

Deno.test("memory that is free in pieces, none large enough, is refused with the largest of them", () => {
  const heap = new SharedHeap(0);
  // Blocks of 256 MiB, of which every other one is given back: addresses alone, no memory is written.
  const blocks = Array.from({ length: 15 }, () => heap.take(2 ** 28));
  for (let i = 0; i < 15; i += 2) heap.give(blocks[i]);
  assertThrows(() => heap.take(2 ** 30), RangeError, "2303.9 MiB of its 4096 MiB are free, 511.9 in one piece");
  assertEquals(heap.take(2 ** 28).address, blocks[0].address);
});
