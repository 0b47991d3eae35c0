/**
 * Our own mistakes, as opposed to bad input (see `errors/`). Asserts stay on in releases: a wrong answer is worse
 * than a stopped session.
 */
export class AssertionError extends Error {
  override name = 'AssertionError';
}

export function assert(condition: unknown, what = 'assertion failed'): asserts condition {
  if (!condition) throw new AssertionError(what);
}

/** The end of a `switch` over a union: fails to compile when a case is missing. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected case: ${JSON.stringify(value)}`);
}
