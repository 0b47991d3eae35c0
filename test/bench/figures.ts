/** Returns how long `act` takes, in milliseconds. */
export async function milliseconds(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

/** Prints a table row of times in milliseconds: median, 95th percentile, maximum and target. */
export function reportTimes(what: string, times: readonly number[], target: number): void {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (ratio: number) => sorted[Math.ceil(ratio * sorted.length) - 1].toFixed(1).padStart(8);
  const row = `${at(0.5)}${at(0.95)}${at(1)}${String(target).padStart(8)}`;
  console.log(`${what.padEnd(60)}${row}   ${times.length} samples`);
}
