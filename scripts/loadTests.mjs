// Loads several test files into one process; scripts/testGroups.ts generates the files that call this. A file that
// cannot be loaded is reported as a failed test, and the tests in the other files still run.
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

export async function loadTests(urls) {
  // No test starts before all files are loaded, so that loading does not delay a test that is already running.
  const { promise: loaded, resolve } = Promise.withResolvers();
  before(() => loaded);
  failIfCutShort();
  for (const url of urls) {
    try {
      await import(url);
    } catch (error) {
      test(fileURLToPath(url), () => {
        throw error;
      });
    }
  }
  resolve();
}

/** Makes the group fail if a test exits from the process before all tests have run. */
function failIfCutShort() {
  let isComplete = false;
  after(() => (isComplete = true));
  process.on('exit', () => {
    if (!isComplete) process.exitCode = 1;
  });
}
