/** VS Code shows a notification if the kernel has been rebuilt or an overlay has been deleted. */
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

/**
 * The reason that VS Code shows for the stop when the guest exits. A rebuilt kernel or a deleted overlay must appear as
 * a notification, not only as a line in a console.
 */
const FAILURE = 'The guest reported failure with code 1';

test('a rebuilt kernel and a deleted overlay are shown as notifications', async (t) => {
  const { workbench, folder } = await openSample(t);
  await workbench.editor.open('main.c');
  await workbench.debugging.start();
  await workbench.debugging.waitUntilStopped(FAILURE);
  fs.rmSync(path.join(folder, '.blkreplay/demo-hd0.qcow2'));
  await untilNotified(workbench, 'demo-hd0.qcow2 was deleted');
  await workbench.screenshot('notices-1-overlay-deleted');
  await workbench.debugging.stop();

  await workbench.debugging.start();
  await workbench.page.locator('.monaco-dialog-box').waitFor();
  await workbench.screenshot('notices-2-first-button-keeps');
  await workbench.page.keyboard.press('Enter');
  await workbench.debugging.waitUntilStopped(FAILURE);
  await workbench.debugging.stop();

  fs.appendFileSync(path.join(folder, 'demo/demo.elf'), 'rebuilt');
  fs.renameSync(path.join(folder, '.blkreplay/demo-2.rr'), path.join(folder, '.blkreplay/demo.rr'));
  fs.renameSync(path.join(folder, '.blkreplay/demo-hd0-2.qcow2'), path.join(folder, '.blkreplay/demo-hd0.qcow2'));
  await workbench.editor.open('launch.json');
  await workbench.editor.replaceWord('"record"', 'replay');
  await workbench.debugging.startReplay();
  await workbench.debugging.waitUntilStopped(FAILURE);
  await untilNotified(workbench, 'demo.elf');
  await workbench.screenshot('notices-3-kernel-differs');
  await workbench.debugging.stop();
});

const untilNotified = (workbench: Workbench, words: string): Promise<void> =>
  workbench.until(`a notification with ${words}`, async () =>
    (await workbench.notifications()).some((text) => text.includes(words)),
  );
