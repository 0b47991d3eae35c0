import { globSync } from 'node:fs';

/** The test tiers. The name of a test file determines its tier. */
export type Tier = 'tidy' | 'quick' | 'long' | 'vscode' | 'ui';

export const TIERS: Record<Tier, () => string[]> = {
  /** `npm run tidy`: checks of the sources themselves. */
  tidy: () => filesOf('test/*.test.ts'),
  /** `npm test`: about a minute on two cores, at most two with all tools, and tests for every module. */
  quick: () => filesOf('test/*/**/*.test.ts').filter((file) => !file.endsWith('.long.test.ts')),
  /** `npm run test:long`: the tests that take longer. */
  long: () => filesOf('test/**/*.long.test.ts'),
  /** `npm run test:vscode` and `npm run test:ui` need a real VS Code. */
  vscode: () => filesOf('test/extension/**/*.scenario.ts'),
  ui: () => filesOf('test/ui/**/*.scenario.ts'),
};

/** Whether a tier contains the file in the oldest version of VS Code too. One file only takes screenshots of every screen. */
export const runsInOldestVsCode = (file: string): boolean => file !== 'test/ui/themes.scenario.ts';

function filesOf(pattern: string): string[] {
  return globSync(pattern)
    .map((file) => file.replaceAll('\\', '/'))
    .sort();
}
