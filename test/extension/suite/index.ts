import fs from 'node:fs';
import Mocha from 'mocha';
import { activation } from './activation.ts';
import { debugging } from './debugging.ts';
import { launchErrors } from './launchErrors.ts';
import { dialogs } from './dialogs.ts';
import { overlays } from './overlays.ts';
import { starting } from './starting.ts';
import { measurements } from './measurements.ts';

/**
 * The entry point that VS Code runs in its extension host: it runs all suites with mocha. The results are written to
 * the file named by BLKREPLAY_TEST_RESULTS, since the extension host's console is not accessible. If this file is
 * missing, the run counts as failed.
 */
export interface Result {
  title: string;
  /** The reason why the test failed; undefined if it passed. */
  error?: string;
}

export interface Results {
  tests: Result[];
  measurements: string[];
}

const TEST_MS_MAX = 120_000;

export async function run(): Promise<void> {
  const mocha = new Mocha({ ui: 'tdd', timeout: TEST_MS_MAX, reporter: 'min' });
  // Binds the functions `suite` and `test` to this run, as mocha does before it loads a test file.
  mocha.suite.emit(Mocha.Suite.constants.EVENT_FILE_PRE_REQUIRE, globalThis, '', mocha);
  for (const define of [activation, starting, debugging, overlays, dialogs, launchErrors]) define();

  const tests: Result[] = [];
  const failures = await new Promise<number>((resolve) => {
    const runner = mocha.run(resolve);
    runner.on('pass', (test) => tests.push({ title: test.fullTitle() }));
    runner.on('pending', (test) => tests.push({ title: test.fullTitle(), error: 'skipped' }));
    runner.on('fail', (test, error) => tests.push({ title: test.fullTitle(), error: error.stack ?? String(error) }));
  });
  const results: Results = { tests, measurements };
  fs.writeFileSync(process.env.BLKREPLAY_TEST_RESULTS!, JSON.stringify(results));
  if (failures > 0) throw new Error(`${failures} tests failed`);
}
