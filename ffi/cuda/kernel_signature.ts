/** A parameter of a kernel, where a launch packs it. */
export interface KernelField {
  /** Its name in the source. */
  readonly name: string;
  /** Pointers and `long long` take 8 bytes, the others 4. */
  readonly kind: "address" | "int64" | "int32" | "float";
  /** Bytes from the start of the packed parameters. */
  readonly offset: number;
}

/** The parameters of a kernel. */
export interface KernelSignature {
  /** In the order of the declaration; the members of a structure passed by value take its place. */
  readonly fields: readonly KernelField[];
  /** Bytes of all of them, as the driver wants to be told: with the padding within and behind structures, no other. */
  readonly bytes: number;
  /** Threads that a block may have: what `__launch_bounds__` says, else 256, for which the registers always suffice. */
  readonly threads: number;
}

/**
 * Reads the parameters of every kernel off its declaration, so that a launch cannot disagree with the source about
 * order or types. Knows pointers, `int`, `long long`, `float`, and structures of these.
 *
 * @throws {TypeError} If a parameter has another type.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * const signatures = kernelSignatures('extern "C" __global__ void scale(const float* x, long long n, float factor) {}');
 * assertEquals(signatures.get("scale")!.fields.map(({ name, offset }) => [name, offset]), [["x", 0], ["n", 8], ["factor", 16]]);
 * assertEquals(signatures.get("scale")!.bytes, 20);
 * const byValue = kernelSignatures('struct Piece { float* x; int n; }; extern "C" __global__ void clear(Piece piece) {}');
 * assertEquals(byValue.get("clear")!.bytes, 16); // C++ gives a structure the size of a multiple of its alignment
 * ```
 */
export function kernelSignatures(source: string): Map<string, KernelSignature> {
  const text = source.replace(/\/\/.*/g, "");
  const signatures = new Map<string, KernelSignature>();
  const declaration = /__global__\s+void\s+(?:__launch_bounds__\((\w+)[^)]*\)\s*)?(\w+)\s*\(([^)]*)\)/g;
  for (const [, bound, kernel, parameters] of text.matchAll(declaration)) {
    const fields = parameters.split(",").map((parameter) => declared(parameter, text));
    signatures.set(kernel, { ...layout(kernel, fields), threads: bound ? constant(bound, text) : UNBOUND_THREADS });
  }
  return signatures;
}

// A block of so many threads finds registers whatever the compiler takes: 255 each at most, of 65,536.
const UNBOUND_THREADS = 256;

// The value of a number, or of the name of a `constexpr int`.
function constant(text: string, source: string): number {
  return Number(/^\d/.test(text) ? text : new RegExp(`constexpr int ${text} = (\\d+)`).exec(source)?.[1]);
}

// [type, name] of a parameter, or of the members of a structure.
function declared(parameter: string, text: string): [type: string, name: string][] {
  const [, type, name] = /^\s*(.*?)\s*(\w+)\s*$/s.exec(parameter)!;
  if (!/^[A-Z]\w*$/.test(type)) return [[type, name]];
  const body = new RegExp(`struct ${type} \\{([^}]*)\\}`).exec(text)?.[1] ?? "";
  return body.split(";").flatMap((statement) => {
    const [, memberType, names] = /^\s*(.*?)\s*((?:\w+\s*,\s*)*\w*)\s*$/s.exec(statement)!;
    return names === "" ? [] : names.split(",").map((member): [string, string] => [memberType, member.trim()]);
  });
}

// Of each parameter the one declaration, or those of a structure's members.
function layout(
  kernel: string,
  parameters: readonly (readonly (readonly [string, string])[])[],
): Omit<KernelSignature, "threads"> {
  let end = 0;
  const fields = parameters.flatMap((parameter) => {
    const members = parameter.map(([type, name]) => {
      const kind = type.endsWith("*") ? "address" : KINDS[type];
      if (kind === undefined) {
        throw new TypeError(`Cannot launch ${kernel}: ${name} is ${type}; use a pointer, int, long long or float`);
      }
      return { name, kind, bytes: kind === "address" || kind === "int64" ? 8 : 4 };
    });
    const alignment = Math.max(...members.map(({ bytes }) => bytes));
    end = roundUp(end, alignment);
    const placed = members.map(({ name, kind, bytes }): KernelField => {
      const offset = roundUp(end, bytes);
      end = offset + bytes;
      return { name, kind, offset };
    });
    end = roundUp(end, alignment);
    return placed;
  });
  return { fields, bytes: end };
}

function roundUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

const KINDS: Readonly<Record<string, KernelField["kind"]>> = { int: "int32", "long long": "int64", float: "float" };
