/** In VS Code, the guest's terminal follows the machine through time, and the editor says why the machine has stopped. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

const KERNEL = 'Kernel: interactive shell';
const WRITES = { file: 'syscall.c', line: 52 };
const STEPS = 5;
/** The keys for Step Over and Step Back. */
const STEP_KEYS = ['F10', 'Control+Shift+Alt+F10'];

test('the terminal dims what is not printed yet, lines lead to their position, step keys are queued, breakpoints stay', async (t) => {
  const { workbench } = await openSample(t);
  await workbench.openFile(WRITES.file);
  await workbench.startConfiguration(KERNEL);
  await printed(workbench, /\$\s*$/);
  await workbench.typeIntoTerminal('echo first\n');
  await printed(workbench, /\nfirst\s*\n\$\s*$/);
  await workbench.typeIntoTerminal('echo second\n');
  await printed(workbench, /\nsecond\s*\n\$\s*$/);
  const atLiveEnd = await workbench.terminalText();
  assert.deepEqual(await workbench.dimmedTerminalText(), '');
  await workbench.screenshot('console-1-live');

  await workbench.clickTerminalLine('first', () => isInPast(workbench));
  await workbench.until('later text is dimmed', async () => /second/.test(await workbench.dimmedTerminalText()));
  const dimmed = await workbench.dimmedTerminalText();
  assert.match(dimmed, /^first/, 'the machine is before the step that prints the line');
  assert.doesNotMatch(dimmed, /echo first/);
  await workbench.screenshot('console-2-past');
  await workbench.typeIntoTerminal('x');
  await printed(workbench, /you are viewing a past state/);
  await workbench.screenshot('console-3-typing-in-the-past');

  for (const key of STEP_KEYS) await stepQuickly(workbench, key);

  await workbench.press('Continue');
  await workbench.until('the live end', async () => /record$/.test(await workbench.placeText()));
  await workbench.until('nothing is dimmed', async () => (await workbench.dimmedTerminalText()) === '');
  assert.equal((await workbench.terminalText()).trimEnd(), atLiveEnd.trimEnd(), 'nothing is printed twice');
  await workbench.typeIntoTerminal('writeblk 7 some text\n');
  await printed(workbench, /block 7 written/);

  await workbench.command('blkreplay: Break on Console Text');
  await workbench.answer('block 7: ');
  await workbench.typeIntoTerminal('readblk 7\n');
  await workbench.waitUntilStopped('The guest printed "block 7: "');
  await workbench.until('the editor says so', async () => /The guest printed/.test(await workbench.lineEndText()));
  await workbench.screenshot('console-4-stop-reason');
  await workbench.command('Preferences: Toggle between Light/Dark Themes');
  await workbench.page.locator('.monaco-workbench.vs-dark').waitFor();
  await workbench.screenshot('console-5-dark');
  await workbench.clickTerminalLine('first', () => isInPast(workbench));
  await workbench.until('later text is dimmed', async () => /second/.test(await workbench.dimmedTerminalText()));
  await workbench.screenshot('console-6-dark-past');
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  await workbench.stopDebugging();

  await workbench.startDebugging();
  await workbench.page.locator('.monaco-dialog-box').getByRole('button', { name: 'Keep Both' }).click();
  await printed(workbench, /lists the commands\.\s*\$\s*$/);
  await workbench.typeIntoTerminal('writeblk 7 more\nreadblk 7\n');
  await workbench.waitUntilStopped('The guest printed "block 7: "');
  await workbench.screenshot('console-7-next-session');
  await workbench.stopDebugging();
});

/** Presses a step key several times in quick succession; this leads to the same position as one press at a time. */
async function stepQuickly(workbench: Workbench, key: string): Promise<void> {
  await workbench.focusEditor();
  const from = await workbench.placeText();
  for (let i = 0; i < STEPS; i++) {
    const before = await workbench.placeText();
    await workbench.page.keyboard.press(key);
    await workbench.until(`a step with ${key}`, async () => (await workbench.placeText()) !== before);
    await workbench.until('it is stopped', () => workbench.isStopped());
  }
  const slowly = await workbench.placeText();
  await workbench.command('blkreplay: Go to Position');
  await workbench.answer(/^[\d,]+/.exec(from)![0]);
  await workbench.until('it is back', async () => (await workbench.placeText()) === from);
  await workbench.until('it is stopped', () => workbench.isStopped());
  await workbench.focusEditor();
  for (let i = 0; i < STEPS; i++) await workbench.page.keyboard.press(key);
  await workbench.until(
    `all ${STEPS} steps with ${key} are executed`,
    async () => (await workbench.placeText()) === slowly,
  );
}

const isInPast = async (workbench: Workbench): Promise<boolean> => /history$/.test(await workbench.placeText());

const printed = (workbench: Workbench, text: RegExp): Promise<void> =>
  workbench.until(`the guest prints ${text}`, async () => text.test(await workbench.terminalText()));
