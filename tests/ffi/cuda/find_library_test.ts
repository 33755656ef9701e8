import { assert, assertEquals } from "@std/assert";
import { libraryCandidates, NVRTC_LIBRARY } from "../../../ffi/cuda/find_library.ts";

Deno.test("libraries of a newer CUDA than the driver's are passed over", () => {
  const withVersion = (newestMajor: number) => {
    const { paths } = libraryCandidates({ ...NVRTC_LIBRARY, variable: "DENOLM_NO_SUCH_VARIABLE" }, newestMajor);
    return ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"].filter((soname) => paths.includes(soname));
  };
  assertEquals(withVersion(13), ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"]);
  assertEquals(withVersion(12), ["libnvrtc.so.12", "libnvrtc.so"]);
});

Deno.test("a library named by the environment is the only candidate", () => {
  const variable = "DENOLM_LIBRARY_OF_THIS_TEST";
  Deno.env.set(variable, "/opt/libnvrtc.so");
  try {
    assertEquals(libraryCandidates({ ...NVRTC_LIBRARY, variable }), {
      paths: ["/opt/libnvrtc.so"],
      foldersWithout: [],
    });
  } finally {
    Deno.env.delete(variable);
  }
});

Deno.test("folders of Python's wheels come before bare names", () => {
  const folder = Deno.makeTempDirSync();
  const wheel = `${folder}/lib/python3.12/site-packages/nvidia/cu13/lib`;
  const before = Deno.env.get("VIRTUAL_ENV");
  try {
    Deno.mkdirSync(wheel, { recursive: true });
    Deno.writeTextFileSync(`${wheel}/libnvrtc.so.13`, "");
    Deno.env.set("VIRTUAL_ENV", folder);
    const { paths } = libraryCandidates({ ...NVRTC_LIBRARY, variable: "DENOLM_NO_SUCH_VARIABLE" });
    const found = paths.indexOf(`${wheel}/libnvrtc.so.13`);
    assert(found >= 0 && found < paths.indexOf("libnvrtc.so.13"));
  } finally {
    if (before === undefined) Deno.env.delete("VIRTUAL_ENV");
    else Deno.env.set("VIRTUAL_ENV", before);
    Deno.removeSync(folder, { recursive: true });
  }
});
