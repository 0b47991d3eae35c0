/**
 * Cleanup steps for when opening fails midway, run in reverse order. A failing step does not hide the original
 * failure.
 */
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

/** Runs all steps in order, even if one fails; then throws the first failure. */
export function doAll(steps: readonly (() => void)[]): void {
  const failures = failuresOf(steps);
  if (failures.length > 0) throw failures[0];
}

/** Runs all steps and ignores failures, because an earlier failure is reported. */
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
