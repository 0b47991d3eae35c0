/**
 * How much of its work a test does. `X.test.ts` belongs to `npm test` and runs a few of its cases, a few times. Where that
 * leaves something out, `X.long.test.ts` imports it: then it runs all of them (`npm run test:long`).
 */
export const isLong = process.argv[1]?.endsWith('.long.test.ts') ?? false;

/** All cases in the long tier; otherwise `few` of them (0 or more), evenly spaced, with the first and the last. */
export function some<T>(cases: readonly T[], few: number): readonly T[] {
  if (isLong || few >= cases.length) return cases;
  return Array.from({ length: few }, (_, i) => cases[few === 1 ? 0 : Math.round((i * (cases.length - 1)) / (few - 1))]);
}

/** How often. The environment variable, if it is set, counts in the long tier, and can only lower the count otherwise. */
export function times({ quick, long }: { quick: number; long: number }, variable?: string): number {
  const given = process.env[variable ?? ''];
  if (given === undefined) return isLong ? long : quick;
  return isLong ? Number(given) : Math.min(Number(given), quick);
}
