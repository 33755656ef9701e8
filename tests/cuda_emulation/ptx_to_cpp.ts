// PTX, the assembly text that NVRTC makes of the kernels, as C++ for the emulation: what NVIDIA's own compiler
// understood runs there, with its vector loads, its inline assembly and its layout of parameters. Instructions have the
// meaning that NVIDIA gives them ("Parallel Thread Execution ISA"); one that the kernels do not contain so far is an
// error here.

const TYPES: Record<string, string> = {
  pred: "bool",
  b16: "u16",
  u16: "u16",
  s16: "i16",
  b32: "u32",
  u32: "u32",
  s32: "i32",
  b64: "u64",
  u64: "u64",
  s64: "i64",
  f32: "float",
  f64: "double",
};

const SPECIAL: Record<string, string> = { tid: "threadIdx", ntid: "blockDim", ctaid: "blockIdx", nctaid: "gridDim" };

// Comparisons of setp; those that end in u hold for NaN too.
const COMPARISONS: Record<string, (a: string, b: string) => string> = {
  eq: (a, b) => `${a} == ${b}`,
  ne: (a, b) => `(${a} < ${b} || ${a} > ${b})`,
  lt: (a, b) => `${a} < ${b}`,
  le: (a, b) => `${a} <= ${b}`,
  gt: (a, b) => `${a} > ${b}`,
  ge: (a, b) => `${a} >= ${b}`,
  equ: (a, b) => `!(${a} < ${b} || ${a} > ${b})`,
  neu: (a, b) => `${a} != ${b}`,
  ltu: (a, b) => `!(${a} >= ${b})`,
  leu: (a, b) => `!(${a} > ${b})`,
  gtu: (a, b) => `!(${a} <= ${b})`,
  geu: (a, b) => `!(${a} < ${b})`,
};

// The instructions whose meaning is written below, modifiers included: `mul.hi` is none of them, though `mul.lo` is.
const UNDERSTOOD = new RegExp(
  `^(?:${
    [
      "mov\\.(?:pred|[bu](?:16|32|64)|f32|f64)",
      "(?:add|sub)\\.(?:[su](?:16|32|64)|f32|f64)",
      "mul\\.(?:f32|f64|lo\\.[su](?:32|64)|wide\\.[su]32)",
      "mad\\.lo\\.[su](?:32|64)",
      "div\\.(?:rn\\.f32|[su](?:32|64))",
      "rem\\.[su](?:32|64)",
      "fma\\.r[nm]\\.f32",
      "neg\\.(?:s32|s64|f32)",
      "(?:min|max)\\.(?:[su](?:32|64)|f32)",
      "(?:and|or|xor|not)\\.(?:pred|b16|b32|b64)",
      "(?:shl\\.b|shr\\.[su])(?:32|64)",
      "bfi\\.b(?:32|64)",
      "setp\\.(?:eq|ne|lt|le|gt|ge)\\.[bsu](?:16|32|64)",
      "setp\\.(?:eq|ne|lt|le|gt|ge)u?\\.f32",
      "selp\\.(?:[bsu](?:16|32|64)|f32)",
      "cvt\\.[su](?:16|32|64)\\.[su](?:16|32|64)",
      "cvt\\.(?:rn\\.f32\\.[su]32|rn\\.f64\\.u64|f64\\.f32|rpi\\.f64\\.f64|rzi\\.u64\\.f(?:32|64)|sat\\.f32\\.f32|rn\\.bf16x2\\.f32)",
      "cvta\\.to\\.global\\.u64",
      "(?:rcp|sqrt)\\.rn\\.f32|(?:rcp|ex2)\\.approx\\.ftz\\.f32|rsqrt\\.approx\\.f32",
      "(?:ld|st)\\.(?:global|shared)\\.(?:v[24]\\.)?(?:[su](?:16|32|64)|f32)",
      "ld\\.param\\.(?:v2\\.)?(?:[su](?:16|32|64)|f32)",
      // Not of 64 bits, which the hardware has not in shared memory: those are loops there.
      "(?:atom|red)\\.shared\\.add\\.u32",
      "bra(?:\\.uni)?|ret|bar\\.sync|bar\\.warp\\.sync|vote\\.sync\\.(?:any\\.pred|ballot\\.b32)|popc\\.b32|shfl\\.sync\\.(?:bfly|up|idx)\\.b32",
      "mma\\.sync\\.aligned\\.m16n8k16\\.row\\.col\\.f32\\.bf16\\.bf16\\.f32",
      "ldmatrix\\.sync\\.aligned\\.m8n8\\.x4(?:\\.trans)?\\.shared\\.b16",
      "cp\\.async\\.(?:c[ag]\\.shared\\.global|commit_group|wait_group)",
    ].join("|")
  })$`,
);

const PREAMBLE = `
typedef unsigned short u16;
typedef short i16;
typedef unsigned u32;
typedef int i32;
typedef unsigned long long u64;
typedef long long i64;
template <class To, class From> UNCHECKED inline To bits(From from) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}
template <class T, int n> struct alignas(n * sizeof(T)) Vector { T at[n]; };
// The shared window begins at 0 here: nothing but an address within it can be taken for one.
template <class T> UNCHECKED inline T* in_shared(u64 address) {
  if (address + sizeof(T) > emulation::SHARED_CAPACITY) emulation_runtime->fail("an address outside of shared memory");
  return reinterpret_cast<T*>(shared_memory + address);
}
template <class T> UNCHECKED inline T* in_global(u64 address) {
  if (address < 4096) emulation_runtime->fail("an address that is null or in shared memory, as global memory");
  return reinterpret_cast<T*>(address);
}
UNCHECKED inline float flushed(float x) { return fabsf(x) < 0x1p-126f ? copysignf(0, x) : x; }
UNCHECKED inline float saturated(float x) { return x > 0 ? (x < 1 ? x : 1) : 0; }
// The sum of an exact product and a number, rounded down.
UNCHECKED inline float fma_down(float a, float b, float c) {
  double sum = static_cast<double>(a) * b + c;
  float near = static_cast<float>(sum);
  return near > sum ? nextafterf(near, -INFINITY) : near;
}
// Conversions of floats to integers take what the integer cannot be to its limits, and NaN to 0.
UNCHECKED inline u64 to_u64(double x) { return !(x > 0) ? 0 : x >= 0x1p64 ? ~0ull : static_cast<u64>(x); }
template <class T> UNCHECKED inline T inserted(T from, T into, u32 at, u32 length) {
  T mask = (length >= 8 * sizeof(T) ? ~T(0) : (T(1) << length) - 1) << at;
  return (into & ~mask) | ((from << at) & mask);
}
`;

/** Where the parameters of the kernels of a PTX text lie, and how many bytes they take, by kernel. */
export function ptxParameters(ptx: string): Map<string, { offsets: number[]; bytes: number }> {
  const entries = ptx.replaceAll(/\/\/.*$/gm, "").matchAll(/\.visible \.entry (\w+)\(([^)]*)\)/g);
  return new Map([...entries].map(([, name, parameters]) => {
    const { offsets, bytes } = layOut(parameters);
    return [name, { offsets: [...offsets.values()], bytes }];
  }));
}

/** The kernels of a PTX text as C++ that the emulation's NVRTC compiles in place of their source. */
export function ptxToCpp(ptx: string): string {
  const text = ptx.replaceAll(/\/\/.*$/gm, "");
  const kernels = [...text.matchAll(/\.visible \.entry (\w+)\(([^)]*)\)[^{]*\{([^]*?)\n\}/g)];
  if (kernels.length === 0) throw new SyntaxError("Cannot translate a PTX text: it has no .visible .entry");
  return PREAMBLE + kernels.map(([, name, parameters, body]) => kernel(name, parameters, body)).join("\n");
}

function kernel(name: string, parameterText: string, body: string): string {
  const { offsets, bytes } = layOut(parameterText);
  const translator = new Translator(offsets);
  const lines: string[] = [];
  const declarations: string[] = [];
  for (const statement of body.split(/;|(?<=\$\w+:)|[{}]\s*\n/)) {
    const line = statement.trim().replaceAll(/\s+/g, " ");
    if (line === "" || line.startsWith(".pragma") || line.startsWith(".loc")) continue;
    const registers = /^\.reg \.(\w+) %(\w+)<(\d+)>$/.exec(line);
    if (registers) {
      const [, type, prefix, count] = registers;
      const all = Array.from({ length: Number(count) - 1 }, (_, i) => `${prefix}${i + 1}`);
      declarations.push(`${typeNamed(type)} ${all.join(", ")};`);
    } else if (/^\$\w+:$/.test(line)) lines.push(`${line.slice(1)};`);
    else lines.push(translator.statement(line));
  }
  return `struct ${name}_parameters { unsigned char bytes[${bytes}]; };
extern "C" __global__ void ${name}(${name}_parameters parameters) {
alignas(16) ${name}_parameters own_parameters = parameters;
const u64 parameter_space = reinterpret_cast<u64>(own_parameters.bytes);
${declarations.join("\n")}
${lines.join("\n")}
}
`;
}

// Each parameter is aligned as its declaration says, or to its size.
function layOut(text: string): { offsets: Map<string, number>; bytes: number } {
  const offsets = new Map<string, number>();
  let end = 0;
  for (const [, align, type, name, count] of text.matchAll(/\.param (?:\.align (\d+) )?\.(\w+) (\w+)(?:\[(\d+)\])?/g)) {
    const size = type === "b8" ? 1 : Number(type.slice(1)) / 8;
    const alignment = Number(align ?? size);
    const offset = Math.ceil(end / alignment) * alignment;
    offsets.set(name, offset);
    end = offset + size * Number(count ?? 1);
  }
  return { offsets, bytes: end };
}

class Translator {
  readonly #parameters: ReadonlyMap<string, number>;

  constructor(parameters: ReadonlyMap<string, number>) {
    this.#parameters = parameters;
  }

  /** A guard, an instruction with its modifiers, and operands. */
  statement(line: string): string {
    const parts = /^(?:@(!?)%(\w+) )?([a-z][\w.]*)(?: (.*))?$/.exec(line);
    if (parts === null) throw new SyntaxError(`Cannot translate "${line}" of a PTX text: it is no instruction`);
    const [, not, guard, instruction, operands] = parts;
    const done = this.#instruction(instruction, splitOperands(operands ?? ""), line);
    return guard === undefined ? done : `if (${not}${guard}) { ${done} }`;
  }

  #instruction(instruction: string, operands: string[], line: string): string {
    const refuse = (): never => {
      throw new SyntaxError(`Cannot translate "${line}" of a PTX text: its meaning is not written here yet`);
    };
    if (!UNDERSTOOD.test(instruction)) refuse();
    const [operation, ...modifiers] = instruction.split(".");
    const type = modifiers.at(-1) ?? "";
    const [first, ...rest] = operands;
    const isFloat = type.startsWith("f");
    const values = () => rest.map((operand) => this.#value(operand, type));
    const set = (value: string) => `${registerOf(first)} = ${value};`;
    const unsigned = () => rest.map((operand) => this.#value(operand, type.replace("s", "u")));
    switch (operation) {
      case "mov":
        return this.#move(first, rest[0], type);
      case "add":
      case "sub": {
        // Signed sums wrap around.
        const [a, b] = isFloat ? values() : unsigned();
        return set(`${a} ${operation === "add" ? "+" : "-"} ${b}`);
      }
      case "mul":
      case "mad": {
        if (isFloat) return set(values().join(" * "));
        const [a, b, c] = modifiers[0] === "wide" ? values() : unsigned();
        const product = modifiers[0] === "wide"
          ? `${type.startsWith("s") ? "(i64)" : "(u64)"}${a} * ${b}`
          : `${a} * ${b}`;
        return set(c === undefined ? product : `${product} + ${c}`);
      }
      case "div":
        return set(values().join(" / "));
      case "rem":
        return set(values().join(" % "));
      case "fma":
        return set(`${modifiers[0] === "rm" ? "fma_down" : "fmaf"}(${values().join(", ")})`);
      case "neg":
        return set(isFloat ? `-${values()[0]}` : `0 - ${unsigned()[0]}`);
      case "min":
      case "max": {
        const [a, b] = values();
        if (isFloat) return set(`f${operation}f(${a}, ${b})`);
        return set(`${a} ${operation === "min" ? "<" : ">"} ${b} ? ${a} : ${b}`);
      }
      case "and":
        return set(values().join(" & "));
      case "or":
        return set(values().join(" | "));
      case "xor":
        return set(values().join(" ^ "));
      case "not":
        return set(`${type === "pred" ? "!" : "~"}${values()[0]}`);
      case "shl":
      case "shr": {
        const width = Number(type.slice(1));
        const [a, by] = [this.#value(rest[0], type), this.#value(rest[1], "u32")];
        const beyond = type.startsWith("s") ? `${a} >> ${width - 1}` : "0";
        return set(`${by} >= ${width} ? ${beyond} : ${a} ${operation === "shl" ? "<<" : ">>"} ${by}`);
      }
      case "bfi": {
        const [a, b] = values();
        return set(`inserted(${a}, ${b}, ${this.#value(rest[2], "u32")}, ${this.#value(rest[3], "u32")})`);
      }
      case "setp": {
        const [a, b] = values();
        return set(COMPARISONS[modifiers[0]](a, b));
      }
      case "selp": {
        const [a, b] = values();
        return set(`${this.#value(rest[2], "pred")} ? ${a} : ${b}`);
      }
      case "cvt":
        return set(this.#converted(modifiers, rest));
      case "cvta":
        return set(values()[0]);
      case "rcp":
        return set(modifiers[0] === "rn" ? `1.0f / ${values()[0]}` : `flushed(1.0f / flushed(${values()[0]}))`);
      case "sqrt":
        return set(`sqrtf(${values()[0]})`);
      case "rsqrt":
        return set(`1.0f / sqrtf(${values()[0]})`);
      case "ex2":
        return set(`flushed(exp2f(flushed(${values()[0]})))`);
      case "ld":
      case "st": {
        const [vector, address] = operation === "ld" ? operands : [operands[1], operands[0]];
        return this.#access(operation === "ld", modifiers, vector, address);
      }
      case "atom":
        return set(this.#atomic(rest));
      case "red":
        return `${this.#atomic(operands)};`;
      case "bra":
        return `goto ${first.slice(1)};`;
      case "ret":
        return "return;";
      case "bar":
        // The barrier of all threads of a block, or of all lanes of a warp.
        if (first !== (modifiers[0] === "warp" ? "-1" : "0") || rest.length > 0) break;
        return modifiers[0] === "warp" ? "__syncwarp();" : "__syncthreads();";
      case "vote":
        return set(
          `__${modifiers[1]}_sync(${this.#value(rest[1], "u32")}, ${this.#value(rest[0], "pred")})`,
        );
      case "popc":
        return set(`__popc(${values()[0]})`);
      case "shfl": {
        const [to, succeeded] = first.split("|");
        const [value, by, clamp, mask] = rest.map((operand) => this.#value(operand, "u32"));
        const shuffle = { bfly: "__shfl_xor_sync", up: "__shfl_up_sync", idx: "__shfl_sync" }[modifiers[1]];
        if (shuffle === undefined || succeeded === undefined) break;
        const whole = modifiers[1] === "up" ? 0 : 31;
        return `if (${clamp} != ${whole}) emulation_runtime->fail("a shuffle within a part of a warp"); ` +
          `${registerOf(to)} = ${shuffle}(${mask}, ${value}, ${by}); ${registerOf(succeeded)} = true;`;
      }
      case "mma": {
        const [d, a, b, c] = operands.map(elements);
        return `{ float d[4] = {${c.map((one) => this.#value(one, "f32"))}}; ` +
          `unsigned a[4] = {${a.map(registerOf)}}, b[2] = {${b.map(registerOf)}}; emulation::mma(d, a, b, __LINE__); ` +
          `${d.map((one, i) => `${registerOf(one)} = d[${i}];`).join(" ")} }`;
      }
      case "ldmatrix": {
        const place = `in_shared<Vector<u32, 4>>(${this.#address(rest[0])})`;
        return `{ unsigned d[4]; emulation::load_matrices(d, ${place}, ${modifiers.includes("trans")}, __LINE__); ` +
          `${elements(first).map((one, i) => `${registerOf(one)} = d[${i}];`).join(" ")} }`;
      }
      case "cp":
        return this.#copy(modifiers, operands);
    }
    return refuse();
  }

  #move(to: string, from: string, type: string): string {
    const width = Number(type.slice(1)) / 2;
    if (to.startsWith("{")) {
      const value = this.#value(from, type);
      return elements(to).map((one, i) => `${registerOf(one)} = ${value} >> ${i * width};`).join(" ");
    }
    if (from.startsWith("{")) {
      const [low, high] = elements(from).map((one) => `(${typeNamed(type)})${this.#value(one, `b${width}`)}`);
      return `${registerOf(to)} = ${low} | ${high} << ${width};`;
    }
    const [into, outOf] = [to, from].map((one) => /^%fd?\d+$/.test(one));
    const value = this.#value(from, into ? `f${type.slice(1)}` : type);
    if (!from.startsWith("%") || from.includes(".") || into === outOf) return `${registerOf(to)} = ${value};`;
    return `${registerOf(to)} = bits<${into ? typeNamed(`f${type.slice(1)}`) : typeNamed(type)}>(${registerOf(from)});`;
  }

  #converted(modifiers: readonly string[], [from, other]: readonly string[]): string {
    const [to, source] = modifiers.slice(-2);
    if (to === "bf16x2") return `pack_bf16(${this.#value(other, "f32")}, ${this.#value(from, "f32")})`;
    const value = this.#value(from, source);
    if (modifiers.includes("sat")) return `saturated(${value})`;
    if (modifiers[0] === "rpi") return `ceil(${value})`;
    if (modifiers[0] === "rzi") return `to_u64(${value})`;
    return `(${typeNamed(to)})${value}`;
  }

  #access(isLoad: boolean, modifiers: readonly string[], vector: string, address: string): string {
    const space = modifiers[0], type = modifiers.at(-1)!;
    const registers = elements(vector);
    const name = registers.length > 1 ? `Vector<${typeNamed(type)}, ${registers.length}>` : typeNamed(type);
    const where = this.#address(address);
    const place = space === "param" ? `reinterpret_cast<const ${name}*>(${where})` : `in_${space}<${name}>(${where})`;
    if (registers.length === 1) {
      return isLoad ? `${registerOf(vector)} = *${place};` : `*${place} = ${this.#value(vector, type)};`;
    }
    if (isLoad) {
      return `{ auto loaded = *${place}; ${
        registers.map((one, i) => `${registerOf(one)} = loaded.at[${i}];`).join(" ")
      } }`;
    }
    return `*${place} = {{${registers.map((one) => this.#value(one, type)).join(", ")}}};`;
  }

  #atomic([address, value]: readonly string[]): string {
    return `atomicAdd(in_shared<u32>(${this.#address(address)}), ${this.#value(value, "u32")})`;
  }

  // cp.async: the last operand says how many bytes are read, the rest are zeros; the kernels take all or none.
  #copy(modifiers: readonly string[], [to, from, bytes, read]: readonly string[]): string {
    if (modifiers[1] === "commit_group") return "copy_async_commit();";
    if (modifiers[1] === "wait_group") return `copy_async_wait<${to}>();`;
    const place = `in_shared<Vector<u32, ${Number(bytes) / 4}>>(${this.#address(to)})`;
    const source = `reinterpret_cast<const void*>(${this.#address(from)})`;
    const count = this.#value(read, "u32");
    return `if (${count} != 0 && ${count} != ${bytes}) emulation_runtime->fail("a part of a cp.async"); ` +
      `emulation::copy_async(${place}, ${source}, ${bytes}, ${count} != 0);`;
  }

  // [register+offset] or [parameter+offset].
  #address(operand: string): string {
    const [, base, sign, offset] = /^\[(%?\w+)(?:(\+)(-?\d+))?\]$/.exec(operand)!;
    const value = base.startsWith("%") ? `(u64)${base.slice(1)}` : this.#value(base, "u64");
    return sign === undefined ? value : `${value} + ${offset}ll`;
  }

  #value(operand: string, type: string): string {
    if (/^%(tid|ntid|ctaid|nctaid)\.[xyz]$/.test(operand)) {
      const [register, axis] = operand.slice(1).split(".");
      return `${SPECIAL[register]}.${axis}`;
    }
    if (operand.startsWith("%")) {
      const register = operand.slice(1);
      return type === "pred" || type.startsWith("f") ? register : `(${typeNamed(type)})${register}`;
    }
    if (/^0f[0-9A-F]{8}$/.test(operand)) return `bits<float>(0x${operand.slice(2)}u)`;
    if (/^0d[0-9A-F]{16}$/.test(operand)) return `bits<double>(0x${operand.slice(2)}ull)`;
    if (operand === "shared_memory") return "(u64)0";
    const parameter = this.#parameters.get(operand);
    if (parameter !== undefined) return `(parameter_space + ${parameter})`;
    if (!/^-?\d+$/.test(operand)) throw new SyntaxError(`Cannot translate "${operand}" of a PTX text`);
    return `(${typeNamed(type)})${operand}ll`;
  }
}

function typeNamed(type: string): string {
  const name = TYPES[type];
  if (name === undefined) throw new SyntaxError(`Cannot translate the type "${type}" of a PTX text`);
  return name;
}

function registerOf(operand: string): string {
  if (!/^%[a-z]+\d+$/.test(operand)) throw new SyntaxError(`Cannot translate "${operand}" of a PTX text: no register`);
  return operand.slice(1);
}

function elements(vector: string): string[] {
  return vector.startsWith("{") ? vector.slice(1, -1).split(",").map((one) => one.trim()) : [vector];
}

// At commas outside of braces and brackets.
function splitOperands(text: string): string[] {
  return text.split(/,(?![^{]*\})/).map((operand) => operand.trim()).filter((operand) => operand !== "");
}
