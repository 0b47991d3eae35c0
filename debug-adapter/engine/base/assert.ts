/**
 * An error in blkreplay itself, as opposed to invalid input (see `messages/`). Assertions stay enabled in releases,
 * because a wrong result is worse than a session that stops.
 */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

export function assert(condition: unknown, what = 'assertion failed'): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** For the default case of a `switch` over a union type: the compiler reports an error if a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected case: ${JSON.stringify(value)}`);
}
