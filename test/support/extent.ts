import { test } from 'node:test';

/**
 * Decides how many of its cases a test file runs, and how often. `X.test.ts`, in `npm test`, runs a selection of them,
 * each a few times. `X.long.test.ts`, in `npm run test:long`, imports `X.test.ts`, which then runs all of them.
 */
export const isLong = process.argv[1]?.endsWith('.long.test.ts') ?? false;

/** Like `test`, but for tests that run only in the long tier. */
export const longTest = (isLong ? test : () => undefined) as typeof test;

/** Returns all cases in the long tier, and `few` evenly spaced cases, from the first to the last, in the quick tier. */
export function some<T>(cases: readonly T[], few: number): readonly T[] {
  if (isLong || few >= cases.length) return cases;
  return Array.from({ length: few }, (_, i) => cases[few === 1 ? 0 : Math.round((i * (cases.length - 1)) / (few - 1))]);
}

/**
 * The number of times a test repeats something. If the environment variable is set, its value replaces `long` in the
 * long tier; in the quick tier, it can only lower `quick`.
 */
export function times({ quick, long }: { quick: number; long: number }, variable?: string): number {
  const given = process.env[variable ?? ''];
  if (given === undefined) return isLong ? long : quick;
  return isLong ? Number(given) : Math.min(Number(given), quick);
}
