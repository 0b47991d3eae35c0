/**
 * An error in blkreplay itself, as opposed to bad input (see `messages/`). Assertions stay enabled in releases: a wrong
 * result is worse than a stopped session.
 */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

export function assert(condition: unknown, what = 'assertion failed'): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** Ends a `switch` over a union: compilation fails when a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected case: ${JSON.stringify(value)}`);
}
