import { globSync } from 'node:fs';

/** The test tiers. The name of a test file determines its tier. */
export type Tier = 'tidy' | 'quick' | 'long' | 'vscode' | 'ui';

export const TIERS: Record<Tier, () => string[]> = {
  /** `npm run tidy`: checks of the sources themselves. */
  tidy: () => filesOf('test/*.test.ts'),
  /** `npm test`: tests for every module. They take a minute on two cores, or up to two if all tools are installed. */
  quick: () => filesOf('test/*/**/*.test.ts').filter((file) => !file.endsWith('.long.test.ts')),
  /** `npm run test:long`: the tests that take longer. */
  long: () => longestFirst(filesOf('test/**/*.long.test.ts')),
  /** `npm run test:vscode` and `npm run test:ui` need a real VS Code. */
  vscode: () => filesOf('test/extension/**/*.scenario.ts'),
  ui: () => filesOf('test/ui/**/*.scenario.ts'),
};

/** Files that take minutes. They start first, so that all processors finish at nearly the same time. */
const LONGEST = [
  'test/cli/hostFaults.long.test.ts',
  'test/cli/linux.long.test.ts',
  'test/dap/stopPoints.long.test.ts',
  'test/gdb/stopPoints.long.test.ts',
  'test/gdb/walks.long.test.ts',
  'test/dap/travelMemory.long.test.ts',
];

function longestFirst(files: readonly string[]): string[] {
  const isLongest = (file: string) => Number(LONGEST.includes(file));
  return files.toSorted((a, b) => isLongest(b) - isLongest(a));
}

/** Whether `--oldest-vscode` runs the file. It omits the test that takes screenshots of every screen. */
export const runsInOldestVsCode = (file: string): boolean => file !== 'test/ui/themes.scenario.ts';

function filesOf(pattern: string): string[] {
  return globSync(pattern)
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}
