/** Things to close when opening the rest fails: last opened, first closed. A failing close does not hide the failure. */
export class Undo {
  private steps: (() => void)[] = [];

  static onFailure<T>(open: (undo: Undo) => T): T {
    const undo = new Undo();
    try {
      return open(undo);
    } catch (error) {
      doQuietly(undo.steps.reverse());
      throw error;
    }
  }

  add(step: () => void): void {
    this.steps.push(step);
  }
}

/** All of them, in order, even if one fails; then throws the first failure. */
export function doAll(steps: readonly (() => void)[]): void {
  const failures = failuresOf(steps);
  if (failures.length > 0) throw failures[0];
}

/** The same after a failure, which is the one to tell of. */
export function doQuietly(steps: readonly (() => void)[]): void {
  failuresOf(steps);
}

function failuresOf(steps: readonly (() => void)[]): unknown[] {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      failures.push(error);
    }
  }
  return failures;
}
