/** In VS Code, no mouse is needed, not even in assembly or disassembly, and all text is legible in every theme. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO } from '../support/demoWalk.ts';
import { Keyboard, position } from './keyboard.ts';
import { openSample } from './scenario.ts';
import { inAllThemes } from './themes.ts';

const KEYS = {
  ...{ reverse: 'Control+Shift+Alt+F5', stepBack: 'Control+Shift+Alt+F10', reverseInto: 'Control+Shift+Alt+F11' },
  ...{ goToSnapshot: 'Control+Shift+Alt+F7', takeSnapshot: 'Control+Shift+Alt+F8' },
  overlays: 'Control+Shift+Alt+F1',
};

/** The line `csrr t0, mepc` of the trap handler in assembly. */
const TRAP = { file: 'trap.S', path: 'lib/trap.S', line: 66 };

test('the keyboard alone: start, step back, snapshots, a breakpoint in assembly, Reverse, disassembly', async (t) => {
  const { workbench } = await openSample(t);
  const keyboard = new Keyboard(workbench);
  await keyboard.watchMouse();
  await keyboard.openFile(DEMO.file, DEMO.line);
  await workbench.debugging.start();
  await workbench.debugging.waitUntilStopped(DEMO.failure);
  const end = await position(workbench);
  const before = await keyboard.move(KEYS.stepBack);
  assert.ok(before < end);

  await keyboard.press(KEYS.takeSnapshot);
  await workbench.answer('before the end');
  await workbench.sideBar.treeRow('Overlays', 'before the end').waitFor({ state: 'attached' });
  await keyboard.press(KEYS.overlays);
  await keyboard.focusRow('Overlays', 'Snapshot replay_init, 0');
  await workbench.screenshot('fit-1-overlays-focus');
  assert.equal(await keyboard.move('Enter'), 0);
  await keyboard.press(KEYS.goToSnapshot);
  await keyboard.pick('before the end');
  await workbench.until('the machine is at the snapshot', async () => (await position(workbench)) === before);

  await keyboard.openFile(TRAP.path, TRAP.line);
  await keyboard.press('F9');
  await workbench.page.locator('.editor-instance .codicon-debug-breakpoint').waitFor();
  const inTrap = await keyboard.move(KEYS.reverse);
  assert.ok(inTrap < before);
  await workbench.debugging.waitUntilAt({ name: 'machine_trap_entry', file: TRAP.file, line: TRAP.line });
  await workbench.until('the registers are at the end of the line', async () => {
    return /t0 = 0x.*mepc = 0x/.test(await workbench.editor.linesWithValues());
  });
  await workbench.screenshot('fit-2-assembly');

  await keyboard.command('Open Disassembly View');
  await workbench.debugging.disassemblyRow(/csrr\s+t0, ?mepc/).waitFor();
  const stepped = await keyboard.move(KEYS.reverseInto);
  assert.equal(stepped, inTrap - 1, 'one instruction');
  await workbench.screenshot('fit-3-disassembly');
  await keyboard.command('Remove All Breakpoints');
  await keyboard.press('F9'); // on the focused row, which is the instruction at `inTrap`
  await workbench.page.locator('.disassembly-view .codicon-debug-breakpoint').first().waitFor();
  assert.equal(await keyboard.move('F5'), inTrap, 'an instruction breakpoint stops forwards');
  assert.ok((await keyboard.move(KEYS.reverse)) < inTrap, 'and backwards');
  await workbench.screenshot('fit-4-instruction-breakpoint');
  await keyboard.assertNoMouse();
});

test('hovers, inline values and icons in light, dark and high contrast themes', async (t) => {
  const { workbench, folder } = await openSample(t);
  await workbench.editor.open(DEMO.file);
  await workbench.editor.toggleBreakpoint(DEMO.line);
  await workbench.debugging.start();
  await workbench.debugging.waitUntilAt({ name: DEMO.functionName, file: DEMO.file, line: DEMO.line });
  await workbench.sideBar.togglePane('Watch', 'closed');
  await workbench.sideBar.togglePane('Breakpoints', 'closed');
  await workbench.sideBar.togglePane('Overlays', 'open');
  await workbench.until('the values of the line are shown', async () => {
    const values = await workbench.editor.linesWithValues();
    return /level = \d+/.test(values) && /now_us = \d+/.test(values);
  });
  assert.match(await workbench.editor.hover('last_seen_us'), /\[8\]|\{/, 'the value of statistics->last_seen_us');
  await inAllThemes(workbench, folder, 'fit-5');
  await workbench.page.keyboard.press('Escape');
  await workbench.command('Open Disassembly View');
  await workbench.debugging.disassemblyRow(/statistics->last_seen_us\[level\] = now_us/).waitFor();
  await inAllThemes(workbench, folder, 'fit-6-disassembly');
  await workbench.debugging.stop();

  await workbench.command('Remove All Breakpoints');
  await workbench.debugging.startConfiguration('Kernel: interactive shell');
  await workbench.until('the shell asks', async () => /\$\s*$/.test(await workbench.terminal.text()));
  for (const button of ['Step Back', 'Reverse', 'Reverse Step Into', 'Reverse Step Out']) {
    await workbench.debugging.button(button).and(workbench.page.locator('.disabled')).waitFor();
  }
  await workbench.until('the Overlays view shows the position of the running machine', async () => {
    return /You are here\s*[\d,]{4,}/.test(await workbench.sideBar.treeRow('Overlays', 'You are here').innerText());
  });
  await inAllThemes(workbench, folder, 'fit-7-running');
});
