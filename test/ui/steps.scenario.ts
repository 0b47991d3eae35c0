/** In VS Code, step keys that are pressed faster than the machine steps are all executed, in both directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { position } from './keyboard.ts';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

/** The first of six lines of `main` that are executed in a row. The second one calls a function that reads the disk. */
const FIRST = { name: 'main', file: 'main.c', line: 50 };
const STEPS = 5;
const [OVER, BACK] = ['F10', 'Control+Shift+Alt+F10'];

test('five presses of F10 in a row lead five lines ahead, five of Step Back lead back, and mixed ones are in order', async (t) => {
  const { workbench } = await openSample(t);
  const { debugging, editor } = workbench;
  await editor.open(FIRST.file);
  await editor.toggleBreakpoint(FIRST.line);
  await debugging.start();
  await debugging.waitUntilAt(FIRST);
  await editor.focus();
  const start = await position(workbench);

  await pressAll(workbench, Array(STEPS).fill(OVER));
  await debugging.waitUntilAt({ ...FIRST, line: FIRST.line + STEPS });
  const end = await position(workbench);
  await workbench.screenshot('steps-1-over');

  await pressAll(workbench, Array(STEPS).fill(BACK));
  await debugging.waitUntilAt(FIRST);
  assert.equal(await position(workbench), start, 'back at the same position');
  await workbench.screenshot('steps-2-back');

  await pressAll(workbench, Array(STEPS).fill(OVER));
  await debugging.waitUntilAt({ ...FIRST, line: FIRST.line + STEPS });
  assert.equal(await position(workbench), end, 'the same steps in the history');

  await pressAll(workbench, [BACK, BACK, BACK, OVER]);
  await debugging.waitUntilAt({ ...FIRST, line: FIRST.line + STEPS - 2 });
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
});

/** Presses keys without waiting for the machine. */
async function pressAll(workbench: Workbench, keys: readonly string[]): Promise<void> {
  for (const key of keys) await workbench.page.keyboard.press(key);
}
