import { assertEquals, assertThrows } from "@std/assert";
import { corpora, corpusAddresses } from "../../lib/data/corpora.ts";

Deno.test("the published addresses are the defaults", () => {
  assertEquals(corpusAddresses("tinystories").map(String), [
    "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/TinyStoriesV2-GPT4-train.txt",
    "https://huggingface.co/datasets/roneneldan/TinyStories/resolve/main/TinyStoriesV2-GPT4-valid.txt",
  ]);
  assertEquals(corpusAddresses("owt").map(String), [
    "https://huggingface.co/datasets/stanford-cs336/owt-sample/resolve/main/owt_train.txt.gz",
    "https://huggingface.co/datasets/stanford-cs336/owt-sample/resolve/main/owt_valid.txt.gz",
  ]);
});

Deno.test("another folder takes the place of the published one", () => {
  for (const from of ["http://localhost:8000/a", "http://localhost:8000/a/"]) {
    assertEquals(corpusAddresses("owt", from)[1].href, `http://localhost:8000/a/${corpora.owt.files[1].name}`);
  }
});

Deno.test("what is no address is refused", () => {
  for (const from of ["data", "ftp://host/a", "", "file:///data"]) {
    assertThrows(() => corpusAddresses("owt", from), RangeError, "is not an address");
  }
});
