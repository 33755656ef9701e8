/** A folder for one test: `using folder = new TemporaryFolder()` removes it with all that is in it. */
export class TemporaryFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "denolm_test_" });

  /** The path of a file in the folder. */
  at(name: string): string {
    return `${this.path}/${name}`;
  }

  /** Names of what is in the folder, sorted. */
  names(): string[] {
    return Array.from(Deno.readDirSync(this.path), (entry) => entry.name).sort();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
