/** What a model wrote in the course of its training. */
export interface Sample {
  /** Optimizer steps done. */
  step: number;
  /** The text. */
  text: string;
}

const NAME = /^step-(\d+)\.txt$/;

/**
 * The samples of a run, oldest first.
 *
 * @param folder The run's; one that has none gives an empty list.
 */
export function readSamples(folder: string): Sample[] {
  let names: string[];
  try {
    names = Array.from(Deno.readDirSync(`${folder}/samples`), ({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return names.map((name) => NAME.exec(name)).filter((match) => match !== null)
    .map(([name, step]) => ({
      step: Number(step),
      text: Deno.readTextFileSync(`${folder}/samples/${name}`).replace(/\n$/, ""),
    }))
    .sort((a, b) => a.step - b.step);
}
