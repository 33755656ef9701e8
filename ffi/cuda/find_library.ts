import { keepLoaded } from "../keep_loaded.ts";
import { whyNotOpened } from "../why_not_opened.ts";

/** A shared library that a CUDA machine has, and where to look for it. */
export interface LibraryQuery {
  /** What it is, for messages: "the CUDA driver". */
  readonly title: string;
  /** Environment variable that names the file. */
  readonly variable: string;
  /** File names, best first: `libnvrtc.so.13`. */
  readonly sonames: readonly string[];
  /** Folders of Python's nvidia-* wheels under site-packages/nvidia that may hold it: `cu13/lib`. */
  readonly wheelFolders: readonly string[];
  /** What to do if it is found nowhere. */
  readonly advice: string;
}

/** A library that is open. */
export interface OpenLibrary<Symbols extends Deno.ForeignLibraryInterface> {
  /** Its functions. */
  readonly symbols: Deno.DynamicLibrary<Symbols>["symbols"];
  /** The path or name under which it was found. */
  readonly path: string;
  /** Closes it; its functions must not be called afterwards. The code stays in memory until the program ends. */
  close(): void;
}

/** Thrown if a library is found nowhere; the message lists every path tried and why it failed. */
export class LibraryNotFoundError extends Error {
  /** "LibraryNotFoundError". */
  override name = "LibraryNotFoundError";
  /** The same in a line without the paths: "the CUDA driver was not found (7 places tried, 1 not permitted)". */
  readonly reason: string;
  /** What a program must be run with to try those that it may not open; nothing if it may open all. */
  readonly permissionFlags: readonly string[];

  /** Builds the message from what was tried. */
  constructor({ title, advice }: LibraryQuery, { places, notPermitted, failures }: {
    places: number;
    notPermitted: number;
    failures: readonly string[];
  }) {
    super(`Cannot open ${title}: no library at any of the paths tried; ${advice}. Tried:\n${failures.join("\n")}`);
    this.permissionFlags = notPermitted > 0 ? ["--allow-ffi", "--allow-env"] : [];
    const refused = notPermitted > 0 ? `, ${notPermitted} of them without --allow-ffi` : "";
    this.reason = `${title} was not found (${places} ${places === 1 ? "place" : "places"} tried${refused})`;
  }
}

/** The NVIDIA driver's library. */
export const DRIVER_LIBRARY: LibraryQuery = {
  title: "the CUDA driver",
  variable: "DENOLM_CUDA_DRIVER",
  sonames: ["libcuda.so.1", "libcuda.so"],
  wheelFolders: [],
  advice: "install NVIDIA's driver, or set DENOLM_CUDA_DRIVER to the path of libcuda.so.1",
};

/** The run-time compiler. */
export const NVRTC_LIBRARY: LibraryQuery = {
  title: "the run-time compiler NVRTC",
  variable: "DENOLM_NVRTC",
  sonames: ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"],
  wheelFolders: ["cu13/lib", "cuda_nvrtc/lib"],
  advice: "install the CUDA toolkit or Python's nvidia-cuda-nvrtc, or set DENOLM_NVRTC to the path of libnvrtc.so",
};

/** The library of matrix products. */
export const CUBLASLT_LIBRARY: LibraryQuery = {
  title: "cuBLASLt",
  variable: "DENOLM_CUBLASLT",
  sonames: ["libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"],
  wheelFolders: ["cu13/lib", "cublas/lib"],
  advice: "install the CUDA toolkit or Python's nvidia-cublas, or set DENOLM_CUBLASLT to the path of libcublasLt.so",
};

/** The library of matrix products that takes every shape. */
export const CUBLAS_LIBRARY: LibraryQuery = {
  title: "cuBLAS",
  variable: "DENOLM_CUBLAS",
  sonames: ["libcublas.so.13", "libcublas.so.12", "libcublas.so"],
  wheelFolders: ["cu13/lib", "cublas/lib"],
  advice: "install the CUDA toolkit or Python's nvidia-cublas, or set DENOLM_CUBLAS to the path of libcublas.so",
};

/** Where to look for a library. */
export interface LibraryCandidates {
  /** Paths and bare names to open, in this order. */
  readonly paths: string[];
  /** Folders that were looked in and hold no such file. */
  readonly foldersWithout: string[];
}

/**
 * Where a library may be, in the order to try: the environment variable alone if it is set; else the toolkit's folders,
 * the system's, Python's wheels, and the bare names, for which the system's own loader looks. The environment and
 * folders that may not be read are passed over without asking.
 *
 * @param newestMajor Passes over files named as of a newer major version of CUDA: the driver's, whose limit it is.
 */
export function libraryCandidates(query: LibraryQuery, newestMajor: number = Infinity): LibraryCandidates {
  const given = readVariable(query.variable);
  if (given) return { paths: [given], foldersWithout: [] };
  const sonames = query.sonames.filter((soname) => !(Number(/\.so\.(\d+)$/.exec(soname)?.[1]) > newestMajor));
  const folders = [...toolkitFolders(), ...SYSTEM_FOLDERS, ...wheelFolders(query.wheelFolders)];
  const filesIn = (folder: string) => sonames.map((soname) => `${folder}/${soname}`).filter(isFile);
  const found = folders.flatMap(filesIn);
  const bySoname = sonames.flatMap((soname) => found.filter((path) => path.endsWith(`/${soname}`)));
  return {
    paths: [...bySoname, ...sonames],
    foldersWithout: folders.filter((folder) => filesIn(folder).length === 0),
  };
}

/**
 * Opens the first candidate that loads and has the symbols.
 *
 * @param where.path Opens this file and looks nowhere else, if given.
 * @param where.newestMajor See {@linkcode libraryCandidates}.
 * @throws {LibraryNotFoundError} If none does, or the permission is missing.
 */
export function openLibrary<const Symbols extends Deno.ForeignLibraryInterface>(
  query: LibraryQuery,
  symbols: Symbols,
  { path, newestMajor }: { path?: string | undefined; newestMajor?: number | undefined } = {},
): OpenLibrary<Symbols> {
  const failures: string[] = [];
  let notPermitted = 0;
  const { paths, foldersWithout } = path === undefined
    ? libraryCandidates(query, newestMajor)
    : { paths: [path], foldersWithout: [] };
  for (const candidate of paths) {
    if (!mayOpen(candidate)) {
      notPermitted++;
      failures.push(
        `  ${candidate}: not permitted; run with --allow-ffi${candidate.includes("/") ? `=${candidate}` : ""}`,
      );
      continue;
    }
    try {
      const library = Deno.dlopen(candidate, symbols);
      // NVIDIA's libraries are made to be loaded once: cuBLAS has threads and a CUDA run-time of its own, which leaves
      // the driver functions to call when a context ends.
      keepLoaded(candidate);
      return { symbols: library.symbols, path: candidate, close: () => library.close() };
    } catch (error) {
      failures.push(`  ${candidate}: ${whyNotOpened(error, candidate)}`);
    }
  }
  if (notPermitted > 0) {
    failures.push("  To open any of them, and to look where the environment points: --allow-ffi --allow-env");
  }
  if (foldersWithout.length > 0) failures.push(`  no such file in ${foldersWithout.join(", ")}`);
  const places = paths.length + foldersWithout.length;
  throw new LibraryNotFoundError(query, { places, notPermitted, failures });
}

/**
 * The usual places, as a permission set names them that lets CUDA be used and nothing else be loaded: the toolkit's
 * folder, and in folders of the system the libraries by name. What lies elsewhere (a toolkit's folder with its version,
 * Python's wheels) takes `--allow-ffi` beside the set.
 */
export function usualPlaces(): string[] {
  const versioned = [NVRTC_LIBRARY, CUBLASLT_LIBRARY, CUBLAS_LIBRARY].flatMap(({ sonames }) =>
    sonames.filter((soname) => /\.so\.\d+$/.test(soname))
  );
  return [
    TOOLKIT_FOLDER,
    ...SYSTEM_FOLDERS.map((folder) => `${folder}/${DRIVER_LIBRARY.sonames[0]}`),
    ...DISTRIBUTION_FOLDERS.flatMap((folder) => versioned.map((soname) => `${folder}/${soname}`)),
  ];
}

const TOOLKIT_FOLDER = "/usr/local/cuda";

// Where packages of the system's distribution put the toolkit's libraries.
const DISTRIBUTION_FOLDERS = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu"];

const SYSTEM_FOLDERS = [
  ...DISTRIBUTION_FOLDERS,
  "/usr/lib64",
  "/usr/lib/wsl/lib",
  "/usr/local/nvidia/lib64",
  "/run/opengl-driver/lib",
];

function toolkitFolders(): string[] {
  const roots = ["CUDA_HOME", "CUDA_PATH"].map(readVariable).filter((root) => root !== undefined);
  roots.push(TOOLKIT_FOLDER, ...folderNames("/usr/local").filter((name) => /^cuda-\d/.test(name)).map(inUsrLocal));
  const target = Deno.build.arch === "aarch64" ? "sbsa-linux" : "x86_64-linux";
  const conda = readVariable("CONDA_PREFIX");
  return [
    ...roots.flatMap((root) => [`${root}/lib64`, `${root}/targets/${target}/lib`]),
    ...(conda ? [`${conda}/lib`] : []),
  ];
}

function inUsrLocal(name: string): string {
  return `/usr/local/${name}`;
}

// Wheels install under lib/python3.*/site-packages (dist-packages on Debian) of the environment that is active, of the
// user, or of the system.
function wheelFolders(inNvidia: readonly string[]): string[] {
  const home = readVariable("HOME");
  const prefixes = [readVariable("VIRTUAL_ENV"), readVariable("CONDA_PREFIX"), home && `${home}/.local`];
  const roots = [...prefixes.filter((prefix) => !!prefix), "/usr/local", "/usr"].map((prefix) => `${prefix}/lib`);
  const pythons = roots.flatMap((root) =>
    folderNames(root).filter((name) => /^python3/.test(name)).map((name) => `${root}/${name}`)
  );
  return pythons.flatMap((python) =>
    ["site-packages", "dist-packages"].flatMap((packages) =>
      inNvidia.map((folder) => `${python}/${packages}/nvidia/${folder}`)
    )
  );
}

function readVariable(variable: string): string | undefined {
  if (Deno.permissions.querySync({ name: "env", variable }).state !== "granted") return undefined;
  return Deno.env.get(variable);
}

// A bare name may load any file, which takes the permission for all.
function mayOpen(candidate: string): boolean {
  const descriptor = candidate.includes("/") ? { name: "ffi", path: candidate } as const : { name: "ffi" } as const;
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function mayRead(path: string): boolean {
  return Deno.permissions.querySync({ name: "read", path }).state === "granted";
}

function folderNames(path: string): string[] {
  if (!mayRead(path)) return [];
  try {
    return [...Deno.readDirSync(path)].map((entry) => entry.name).sort().reverse();
  } catch {
    return []; // A folder that is not there holds no library.
  }
}

// Without permission to read, existence is left for dlopen to find out.
function isFile(path: string): boolean {
  if (!mayRead(path)) return true;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
