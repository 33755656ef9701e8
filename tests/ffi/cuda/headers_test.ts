import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import * as cublas from "../../../ffi/cuda/cublas_symbols.ts";
import * as cublasLt from "../../../ffi/cuda/cublaslt_symbols.ts";
import { CUBLAS_STATUS, DRIVER_STATUS, NVRTC_STATUS, type StatusMeanings } from "../../../ffi/cuda/cuda_error.ts";
import * as driver from "../../../ffi/cuda/driver_symbols.ts";
import { libraryCandidates, NVRTC_LIBRARY } from "../../../ffi/cuda/find_library.ts";
import { nvrtcSymbols } from "../../../ffi/cuda/nvrtc.ts";

// What is written by hand about NVIDIA's libraries, held against NVIDIA's headers: g++ compiles a program that includes
// a header and prints what the prototypes and constants are. Older functions that the header renames
// (cuEventElapsedTime has a successor) are declared by it to those who define __CUDA_API_VERSION_INTERNAL; overloads,
// which are for C++ only and no functions of the library, are left out by undefining __cplusplus.

type Symbols = Record<string, Deno.ForeignFunction>;

interface Header {
  name: string;
  symbols: Symbols;
  /** By the header's names. */
  constants: Record<string, number | bigint>;
}

const headers: Header[] = [
  {
    name: "cuda.h",
    symbols: driver.driverSymbols,
    constants: { ...constantsOf(driver), ...codesOf(DRIVER_STATUS) },
  },
  { name: "nvrtc.h", symbols: nvrtcSymbols, constants: codesOf(NVRTC_STATUS) },
  {
    name: "cublas_api.h",
    symbols: cublas.cublasSymbols,
    constants: { ...constantsOf(cublas), ...codesOf(CUBLAS_STATUS) },
  },
  {
    name: "cublasLt.h",
    symbols: cublasLt.cublasLtSymbols,
    constants: {
      ...constantsOf(cublasLt),
      "sizeof(cublasLtMatmulHeuristicResult_t)": cublasLt.HEURISTIC_RESULT_BYTES,
      "sizeof(cublasLtMatmulAlgo_t)": cublasLt.ALGORITHM_BYTES,
      "offsetof(cublasLtMatmulHeuristicResult_t, algo)": 0,
      "offsetof(cublasLtMatmulHeuristicResult_t, state)": cublasLt.HEURISTIC_RESULT_STATE,
    },
  },
];

const compiler = whichCompiler();
for (const header of headers) {
  const folders = includeFolders();
  const missing = compiler ??
    (folders.some((folder) => isFile(`${folder}/${header.name}`)) ? undefined : `${header.name} was not found`);
  const suffix = missing === undefined ? "" : ` (skipped: ${missing})`;
  Deno.test({
    name: `functions and constants are those of ${header.name}${suffix}`,
    ignore: missing !== undefined,
    fn: () => compare(header, folders),
  });
}

Deno.test({
  name: `a wrong declaration does not pass${compiler === undefined ? "" : ` (skipped: ${compiler})`}`,
  ignore: compiler !== undefined,
  fn() {
    const folder = Deno.makeTempDirSync();
    try {
      Deno.writeTextFileSync(
        `${folder}/small.h`,
        "enum status { FINE, WRONG = 7 };\nstruct thing;\n" +
          "enum status begin(struct thing** made, unsigned long bytes, int count, const void* data);\n",
      );
      const right = { parameters: ["buffer", "u64", "i32", "u64"], result: "i32" } as const;
      const check = (begin: Deno.ForeignFunction, constants: Record<string, number> = { WRONG: 7 }) =>
        compare({ name: "small.h", symbols: { begin }, constants }, [folder]);
      check(right);
      const wrong: Deno.ForeignFunction[] = [
        { ...right, parameters: ["buffer", "u64", "i32"] },
        { ...right, parameters: ["u64", "u64", "i32", "u64"] }, // The address of a handle for a handle.
        { ...right, parameters: ["buffer", "u32", "i32", "u64"] },
        { ...right, parameters: ["buffer", "u64", "i64", "u64"] },
        { ...right, parameters: ["buffer", "u64", "i32", "i64"] },
        { ...right, result: "u64" },
      ];
      for (const symbol of wrong) assertThrows(() => check(symbol), Error, "begin");
      assertThrows(() => check(right, { WRONG: 8 }), Error, "WRONG");
      const { message } = assertThrows(() => check(right, { NO_SUCH_NAME: 8 }), Error);
      assertStringIncludes(message, "NO_SUCH_NAME");
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});

function compare({ name, symbols, constants }: Header, folders: readonly string[]): void {
  const said = ask(name, Object.keys(symbols), Object.keys(constants), folders);
  for (const [symbol, { parameters, result }] of Object.entries(symbols)) {
    const declared = said.functions[symbol];
    const given = [result, ...parameters].map((type, i) => accepts(declared[i], String(type)) ? declared[i] : type);
    assertEquals(given, declared, `${symbol}: [result, ...parameters] as the table and the header have them`);
  }
  const numbers = Object.fromEntries(Object.entries(constants).map(([constant, value]) => [constant, String(value)]));
  assertEquals(numbers, said.constants);
}

// Whether Deno's type can stand for a kind of C type. A handle or the address of device memory goes as a number;
// whatever C reads or writes of the host's goes as a buffer.
function accepts(kind: string, type: string): boolean {
  switch (kind) {
    case "address of a structure or void":
      return ["u64", "buffer", "pointer"].includes(type);
    case "address":
      return ["buffer", "pointer"].includes(type);
    case "enum":
      return type === "i32";
    case "u64":
      return type === "u64" || type === "usize";
    default:
      return type === kind;
  }
}

// Compiles and runs a program that prints the kinds of a header's functions, result first, and the values of constants.
function ask(header: string, functions: string[], constants: string[], folders: readonly string[]): {
  functions: Record<string, string[]>;
  constants: Record<string, string>;
} {
  const program = `
#define __CUDA_API_VERSION_INTERNAL
#define CUBLASAPI
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <type_traits>
#undef __cplusplus
#include <${header}>
template <class T> const char* kind() {
  using Pointee = typename std::remove_pointer<T>::type;
  if (std::is_pointer<T>::value) {
    return std::is_void<Pointee>::value || std::is_class<Pointee>::value ? "address of a structure or void" : "address";
  }
  if (std::is_enum<T>::value) return sizeof(T) == 4 ? "enum" : "enum of another size";
  if (!std::is_integral<T>::value) return "another type";
  if (sizeof(T) == 2) return std::is_signed<T>::value ? "i16" : "u16";
  if (sizeof(T) == 4) return std::is_signed<T>::value ? "i32" : "u32";
  return sizeof(T) == 8 ? std::is_signed<T>::value ? "i64" : "u64" : "an integer of another size";
}
template <class Result, class... Parameters> void print(const char* name, Result (*)(Parameters...)) {
  const char* kinds[] = {kind<Result>(), kind<Parameters>()...};
  std::printf("%s", name);
  for (const char* kind : kinds) std::printf("\\t%s", kind);
  std::printf("\\n");
}
int main() {
${functions.map((name) => `  print("${name}", ${name});`).join("\n")}
  std::printf("\\n");
${constants.map((name) => `  std::printf("${name}\\t%lld\\n", (long long)(${name}));`).join("\n")}
}
`;
  const folder = Deno.makeTempDirSync();
  try {
    Deno.writeTextFileSync(`${folder}/ask.cpp`, program);
    // Without optimization: the program only takes the functions' types, and no library is linked.
    const args = ["-std=c++17", "-w", ...folders.flatMap((include) => ["-isystem", include])];
    run("g++", [...args, "-fPIE", "-Wl,--unresolved-symbols=ignore-all", "-o", `${folder}/ask`, `${folder}/ask.cpp`]);
    const [first, second] = run(`${folder}/ask`, []).split("\n\n").map((part) => part.trim().split("\n"));
    const rows = (lines: string[]) => lines.filter((line) => line !== "").map((line) => line.split("\t"));
    return {
      functions: Object.fromEntries(rows(first).map(([name, ...kinds]) => [name, kinds])),
      constants: Object.fromEntries(rows(second).map(([name, value]) => [name, value])),
    };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function run(command: string, args: string[]): string {
  const { success, stdout, stderr } = new Deno.Command(command, { args }).outputSync();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(`${command} failed:\n${text(stderr)}`);
  return text(stdout);
}

// The toolkit's folders, and those beside the folders where the libraries would be looked for: Python's wheels have
// both.
function includeFolders(): string[] {
  const { paths, foldersWithout } = libraryCandidates({ ...NVRTC_LIBRARY, variable: "DENOLM_NO_SUCH_VARIABLE" });
  const libraries = [...paths.map((path) => path.replace(/\/[^/]*$/, "")), ...foldersWithout];
  const roots = new Set(libraries.map((folder) => folder.replace(/\/lib(64)?$/, "")));
  return [...roots, "/usr/local/cuda"].map((root) => `${root}/include`).filter((folder) =>
    isFile(`${folder}/cuda.h`) || isFile(`${folder}/nvrtc.h`)
  );
}

function constantsOf(module: Record<string, unknown>): Record<string, number | bigint> {
  const named = Object.entries(module).filter(([name]) => /^CU[A-Z]*_/.test(name));
  return Object.fromEntries(named) as Record<string, number | bigint>;
}

function codesOf({ names }: StatusMeanings): Record<string, number> {
  return Object.fromEntries(Object.entries(names).map(([code, name]) => [name, Number(code)]));
}

// Why nothing can be compiled.
function whichCompiler(): string | undefined {
  try {
    new Deno.Command("g++", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return "g++ is not installed";
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
