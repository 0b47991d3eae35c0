/** In VS Code, everything that the extension shows is legible in light, dark and both high-contrast themes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openSample } from './scenario.ts';
import { inAllThemes } from './themes.ts';
import type { Workbench } from './workbench.ts';

const KERNEL = 'Kernel: interactive shell';
const WRITES = { file: 'syscall.c', line: 52 };
const STEPS = ['Open the sample', 'Record a run', 'Step back', 'Run backward to the cause', 'Debug your own system'];
const MAKEFILE = `qemu:
	qemu-system-riscv64 -machine virt -bios none -kernel kernel/oslet.elf -smp 1 -nographic
small:
	qemu-system-riscv64 -machine virt -bios none -kernel kernel/oslet.elf -m 16M -nographic
`;

/** The screenshots are for human inspection. The test asserts only that each screen appeared. */
test('before a session: the empty Overlays view, Import QEMU Command Line, the walkthrough', async (t) => {
  const { workbench, folder } = await openSample(t);
  fs.writeFileSync(path.join(folder, 'Makefile'), MAKEFILE);
  await workbench.sideBar.showDebugView();
  await workbench.sideBar.togglePane('Overlays', 'open');
  await workbench.sideBar.pane('Overlays').getByRole('button', { name: 'Open Sample' }).waitFor();
  await inAllThemes(workbench, folder, 'themes-1-no-recordings');

  await workbench.command('blkreplay: Import QEMU Command Line...');
  await workbench.page.locator('.quick-input-list .monaco-list-row', { hasText: 'Makefile:4' }).waitFor();
  await inAllThemes(workbench, folder, 'themes-2-import');
  await workbench.page.keyboard.press('Escape');

  await workbench.command('Welcome: Open Walkthrough...');
  await workbench.pick('Get Started with Reverse Debugging');
  for (const [i, step] of STEPS.entries()) {
    await workbench.openWalkthroughStep(step);
    await inAllThemes(workbench, folder, `themes-3-walkthrough-${i + 1}`);
  }
});

test('in a session: the console in the past, the reason for a stop, the overlay tree; then the page and a notice', async (t) => {
  const { workbench, folder } = await openSample(t);
  await workbench.editor.open(WRITES.file);
  await workbench.debugging.startConfiguration(KERNEL);
  await printed(workbench, /\$\s*$/);
  await workbench.terminal.type('echo first\necho second\n');
  await printed(workbench, /\nsecond\s*\n\$\s*$/);
  await workbench.terminal.clickLine('first', async () => /history$/.test(await workbench.debugging.positionText()));
  await workbench.until('later text is dimmed', async () => /second/.test(await workbench.terminal.dimmedText()));
  await workbench.terminal.type('x');
  await printed(workbench, /you are viewing a past state/);
  for (const unused of ['Watch', 'Breakpoints']) await workbench.sideBar.togglePane(unused, 'closed');
  await workbench.sideBar.togglePane('Overlays', 'open');
  await workbench.sideBar.treeRow('Overlays', 'replay_init').hover();
  await inAllThemes(workbench, folder, 'themes-4-past');

  await workbench.debugging.press('Continue');
  await workbench.until('the live end', async () => /record$/.test(await workbench.debugging.positionText()));
  await workbench.command('blkreplay: Break on Console Text');
  await workbench.answer('block 7: ');
  await workbench.terminal.type('readblk 7\n');
  await workbench.debugging.waitUntilStopped('The guest printed "block 7: "');
  await workbench.until('the editor says so', async () =>
    /The guest printed/.test(await workbench.editor.lineEndText()),
  );
  await workbench.command('blkreplay: Take Snapshot');
  await workbench.answer('block 7');
  await workbench.sideBar.treeRow('Overlays', 'block 7').click();
  await inAllThemes(workbench, folder, 'themes-5-stop-reason');
  await workbench.debugging.stop();

  await workbench.pick('kernel.rr', { key: 'Control+P' });
  await workbench.webview().getByRole('heading', { name: 'kernel.rr' }).waitFor();
  await workbench.command('blkreplay: Take Snapshot');
  await workbench.until('a notice is shown', async () => (await workbench.notifications()).length > 0);
  assert.match((await workbench.notifications()).join('\n'), /No blkreplay session is running/);
  await inAllThemes(workbench, folder, 'themes-6-page-and-notice');
});

const printed = (workbench: Workbench, text: RegExp): Promise<void> =>
  workbench.until(`the guest prints ${text}`, async () => text.test(await workbench.terminal.text()));
