/** Things to close when opening the rest fails: last opened, first closed. A failing close does not hide the failure. */
export class Undo {
  private steps: (() => void)[] = [];

  static onFailure<T>(open: (undo: Undo) => T): T {
    const undo = new Undo();
    try {
      return open(undo);
    } catch (error) {
      undo.run();
      throw error;
    }
  }

  add(step: () => void): void {
    this.steps.push(step);
  }

  private run(): void {
    for (const step of this.steps.reverse()) {
      try {
        step();
      } catch {
        // The first failure is the one to tell of.
      }
    }
  }
}

/** All of them, in order, even if one fails; then throws the first failure. */
export function doAll(steps: readonly (() => void)[]): void {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
