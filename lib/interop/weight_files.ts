import { z } from "zod";
import { openSafetensors, type SafetensorsReader } from "../data/safetensors.ts";
import { isFile } from "../data/is_file.ts";
import { readJson } from "../data/read_json.ts";

const WHOLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";

// A name with a folder in it could lead anywhere.
const FileName = z.string().regex(
  /^[\w.-]+\.safetensors$/,
  "expected the name of a .safetensors file in the same folder",
);
const Index = z.object({ weight_map: z.record(z.string(), FileName) });

/** The tensors of a checkpoint's folder, in one file or in several with an index. */
export class WeightFiles implements Disposable {
  /** Where they are. */
  readonly folder: string;
  #files: DisposableStack;
  #tensors: Map<string, SafetensorsReader>;

  private constructor(folder: string, files: DisposableStack, tensors: Map<string, SafetensorsReader>) {
    this.folder = folder;
    this.#files = files;
    this.#tensors = tensors;
  }

  /**
   * Opens model.safetensors, or else the files that model.safetensors.index.json names.
   *
   * @throws {Error} If there is neither, or the index names a file or tensor that is not there, or a file is damaged.
   */
  static open(folder: string): WeightFiles {
    using files = new DisposableStack();
    const tensors = isFile(`${folder}/${WHOLE}`) ? openWhole(folder, files) : openShards(folder, files);
    return new WeightFiles(folder, files.move(), tensors);
  }

  /** The tensors' names. */
  get names(): string[] {
    return [...this.#tensors.keys()];
  }

  /** Whether there is a tensor of this name. */
  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  /** The lengths of a tensor's dimensions. */
  shape(name: string): number[] {
    return this.#tensors.get(name)!.shape(name);
  }

  /** A tensor's element type. */
  dtype(name: string): string {
    return this.#tensors.get(name)!.dtype(name);
  }

  /** A tensor of F32, BF16 or F16 as float32. */
  read(name: string): Float32Array<ArrayBuffer> {
    const values = new Float32Array(this.shape(name).reduce((product, length) => product * length, 1));
    this.#tensors.get(name)!.readInto(name, values);
    return values;
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#files.dispose();
  }
}

function openWhole(folder: string, files: DisposableStack): Map<string, SafetensorsReader> {
  const file = files.use(openSafetensors(`${folder}/${WHOLE}`));
  return new Map(file.names.map((name) => [name, file]));
}

function openShards(folder: string, files: DisposableStack): Map<string, SafetensorsReader> {
  const path = `${folder}/${INDEX}`;
  if (!isFile(path)) {
    throw new Error(
      `Cannot read the weights in ${folder}: it has neither ${WHOLE} nor ${INDEX}; ` +
        `other formats can be saved as safetensors with transformers' save_pretrained()`,
    );
  }
  const { weight_map } = readJson(path, Index);
  const readers = new Map<string, SafetensorsReader>();
  for (const name of new Set(Object.values(weight_map))) {
    if (!isFile(`${folder}/${name}`)) {
      throw new Error(
        `Cannot read the weights in ${folder}: ${INDEX} names ${name}, which is not there; download it too`,
      );
    }
    readers.set(name, files.use(openSafetensors(`${folder}/${name}`)));
  }
  return new Map(
    Object.entries(weight_map).map(([tensor, name]) => {
      const reader = readers.get(name)!;
      if (reader.has(tensor)) return [tensor, reader];
      throw new Error(
        `Cannot read the weights in ${folder}: ${INDEX} says that ${tensor} is in ${name}, which does not have it; ` +
          `the files are not of one checkpoint`,
      );
    }),
  );
}
