/** Every test in the suite passes in VS Code's extension host. */
import { test } from 'node:test';
import { runInVsCode } from '../vscode/host.ts';

/** Runs the suite in VS Code's extension host and reports each of its tests as a test here. */
test('in the extension host of VS Code', async (t) => {
  const { tests, measurements } = await runInVsCode();
  for (const measurement of measurements) t.diagnostic(measurement);
  for (const { title, error } of tests) {
    await t.test(title, () => {
      if (error !== undefined) throw new Error(error);
    });
  }
});
