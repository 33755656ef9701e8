import { assert, assertEquals } from "@std/assert";
import { CUBLAS_LIBRARY, CUBLASLT_LIBRARY, libraryCandidates, NVRTC_LIBRARY } from "../../../ffi/cuda/find_library.ts";

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

// Where the wheels of each version of CUDA put each library, under site-packages/nvidia.
const wheels = {
  13: { folders: ["cu13/lib", "cu13/lib", "cu13/lib"] },
  12: { folders: ["cuda_nvrtc/lib", "cublas/lib", "cublas/lib"] },
};

for (const [version, { folders }] of Object.entries(wheels)) {
  Deno.test(`libraries in Python's wheels of CUDA ${version} come before bare names`, () => {
    const environment = Deno.makeTempDirSync();
    const before = Deno.env.get("VIRTUAL_ENV");
    try {
      const names = ["libnvrtc", "libcublasLt", "libcublas"];
      const files = names.map((name, i) => {
        const folder = `${environment}/lib/python3.12/site-packages/nvidia/${folders[i]}`;
        Deno.mkdirSync(folder, { recursive: true });
        Deno.writeTextFileSync(`${folder}/${name}.so.${version}`, "");
        return `${folder}/${name}.so.${version}`;
      });
      Deno.env.set("VIRTUAL_ENV", environment);
      [NVRTC_LIBRARY, CUBLASLT_LIBRARY, CUBLAS_LIBRARY].forEach((query, i) => {
        const { paths } = libraryCandidates({ ...query, variable: "DENOLM_NO_SUCH_VARIABLE" });
        const found = paths.indexOf(files[i]);
        assert(found >= 0 && found < paths.indexOf(`${names[i]}.so.${version}`), files[i]);
      });
    } finally {
      if (before === undefined) Deno.env.delete("VIRTUAL_ENV");
      else Deno.env.set("VIRTUAL_ENV", before);
      Deno.removeSync(environment, { recursive: true });
    }
  });
}

Deno.test("libraries of a conda environment are found", () => {
  const environment = Deno.makeTempDirSync();
  const before = Deno.env.get("CONDA_PREFIX");
  try {
    Deno.mkdirSync(`${environment}/lib`);
    Deno.writeTextFileSync(`${environment}/lib/libnvrtc.so.12`, "");
    Deno.env.set("CONDA_PREFIX", environment);
    const { paths } = libraryCandidates({ ...NVRTC_LIBRARY, variable: "DENOLM_NO_SUCH_VARIABLE" });
    assert(paths.includes(`${environment}/lib/libnvrtc.so.12`));
  } finally {
    if (before === undefined) Deno.env.delete("CONDA_PREFIX");
    else Deno.env.set("CONDA_PREFIX", before);
    Deno.removeSync(environment, { recursive: true });
  }
});
