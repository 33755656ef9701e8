// dlfcn.h of Linux and of macOS.
const RTLD_NOW = 2;
const RTLD_NODELETE = Deno.build.os === "darwin" ? 0x80 : 0x1000;

const loaderSymbols = {
  dlopen: {
    parameters: ["buffer", /* const char *file */ "i32" /* int mode */],
    result: "pointer", /* void* */
    optional: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/**
 * Lets an open library stay in memory after it is closed, and when Deno closes it at a program's end: what waits or is
 * called in its code later would crash the program if that were gone. Every library depends on the loader's dlopen, and
 * so is a way to it that takes no permission beyond that for the library; where it is not (before glibc 2.34), and on
 * Windows, this does nothing.
 */
export function keepLoaded(path: string): void {
  const loader = Deno.dlopen(path, loaderSymbols);
  loader.symbols.dlopen?.(new TextEncoder().encode(`${path}\0`), RTLD_NOW | RTLD_NODELETE);
  loader.close();
}
