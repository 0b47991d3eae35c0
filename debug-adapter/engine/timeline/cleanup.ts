/**
 * Cleanup steps to run if opening a session fails midway. They run in reverse order. A failing step does not hide the
 * original failure.
 */
export class Cleanup {
  private steps: (() => void)[] = [];

  static onFailure<T>(open: (undo: Cleanup) => T): T {
    const undo = new Cleanup();
    try {
      return open(undo);
    } catch (error) {
      runAllQuietly(undo.steps.reverse());
      throw error;
    }
  }

  add(step: () => void): void {
    this.steps.push(step);
  }
}

/** Runs all steps in order, even if one fails; then throws the first failure. */
export function runAll(steps: readonly (() => void)[]): void {
  const failures = failuresOf(steps);
  if (failures.length > 0) throw failures[0];
}

/** Runs all steps and ignores their failures, because an earlier failure is the one to report. */
export function runAllQuietly(steps: readonly (() => void)[]): void {
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
