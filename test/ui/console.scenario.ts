/** In VS Code, the guest's terminal follows the machine through time, and the editor says why the machine has stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

const KERNEL = 'Kernel: interactive shell';
const WRITES = { file: 'syscall.c', line: 52 };

test('the terminal dims what is not printed yet, lines lead to their position, breakpoints stay', async (t) => {
  const { workbench } = await openSample(t);
  await workbench.editor.open(WRITES.file);
  await workbench.debugging.startConfiguration(KERNEL);
  await printed(workbench, /\$\s*$/);
  await workbench.terminal.type('echo first\n');
  await printed(workbench, /\nfirst\s*\n\$\s*$/);
  await workbench.terminal.type('echo second\n');
  await printed(workbench, /\nsecond\s*\n\$\s*$/);
  const atLiveEnd = await workbench.terminal.text();
  assert.deepEqual(await workbench.terminal.dimmedText(), '');
  await workbench.screenshot('console-1-live');

  await workbench.terminal.clickLine('first', () => isInPast(workbench));
  await workbench.until('later text is dimmed', async () => /second/.test(await workbench.terminal.dimmedText()));
  const dimmed = await workbench.terminal.dimmedText();
  assert.match(dimmed, /^first/, 'the machine is before the step that prints the line');
  assert.doesNotMatch(dimmed, /echo first/);
  await workbench.screenshot('console-2-past');
  await workbench.terminal.type('x');
  await printed(workbench, /you are viewing a past state/);
  await workbench.screenshot('console-3-typing-in-the-past');

  await workbench.debugging.press('Continue');
  await workbench.until('the live end', async () => /record$/.test(await workbench.debugging.positionText()));
  await workbench.until('nothing is dimmed', async () => (await workbench.terminal.dimmedText()) === '');
  assert.equal((await workbench.terminal.text()).trimEnd(), atLiveEnd.trimEnd(), 'nothing is printed twice');
  await workbench.terminal.type('writeblk 7 some text\n');
  await printed(workbench, /block 7 written/);

  await workbench.command('blkreplay: Break on Console Text');
  await workbench.answer('block 7: ');
  await workbench.terminal.type('readblk 7\n');
  await workbench.debugging.waitUntilStopped('The guest printed "block 7: "');
  await workbench.until('the editor says so', async () =>
    /The guest printed/.test(await workbench.editor.lineEndText()),
  );
  await workbench.screenshot('console-4-stop-reason');
  await workbench.command('Preferences: Toggle between Light/Dark Themes');
  await workbench.page.locator('.monaco-workbench.vs-dark').waitFor();
  await workbench.screenshot('console-5-dark');
  await workbench.terminal.clickLine('first', () => isInPast(workbench));
  await workbench.until('later text is dimmed', async () => /second/.test(await workbench.terminal.dimmedText()));
  await workbench.screenshot('console-6-dark-past');
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  await workbench.debugging.stop();

  await workbench.debugging.start();
  await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Keep Both' }).click();
  await printed(workbench, /lists the commands\.\s*\$\s*$/);
  await workbench.terminal.type('writeblk 7 more\nreadblk 7\n');
  await workbench.debugging.waitUntilStopped('The guest printed "block 7: "');
  await workbench.screenshot('console-7-next-session');
  await workbench.debugging.stop();
});

const isInPast = async (workbench: Workbench): Promise<boolean> =>
  /history$/.test(await workbench.debugging.positionText());

const printed = (workbench: Workbench, text: RegExp): Promise<void> =>
  workbench.until(`the guest prints ${text}`, async () => text.test(await workbench.terminal.text()));
