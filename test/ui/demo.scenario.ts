import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSample } from './scenario.ts';

/** What the README promises a newcomer: from F5 to the line that did the damage, and to the same places in a replay. */
test('the demo: F5, a data breakpoint, Reverse, Step Back', async (t) => {
  const { workbench } = await openSample(t);
  try {
    await workbench.openFile('main.c');
    await workbench.startDebugging();
    await workbench.waitUntilStopped();
      await workbench.screenshot('demo-1-failure');

    const field = await workbench.variable('Globals', 'store', 'superblock', 'entry_count');
    await workbench.screenshot('demo-2-variables');
    await workbench.contextMenu(field, 'Break on Value Change');
    await workbench.press('Reverse');
    await workbench.waitUntilAt({ name: 'statistics_sample', file: 'statistics.c', line: 18 });
    await workbench.screenshot('demo-3-reverse');
    assert.equal(await workbench.variableValue('Locals', 'level'), '8');

    await workbench.press('Step Back');
    await workbench.screenshot('demo-4-step-back');
  } catch (e) {
    await workbench.screenshot('fail');
    throw e;
  }
});
