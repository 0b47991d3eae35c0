/** A new user steps back after at most four actions, and later continues from recordings and after a reload. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO } from '../support/demoWalk.ts';
import { openEmptyWindow } from './scenario.ts';
import type { Workbench } from './workbench.ts';

const ACTIONS_MAX = 4;

test('from the installed extension to the first step back of the sample; recording again, a recording, a reload', async (t) => {
  const workbench = await openEmptyWindow(t);
  const actions: string[] = [];
  const act = async (action: string, perform: () => Promise<unknown>) => {
    actions.push(action);
    await perform();
  };
  await workbench.until('the window is open', () => workbench.page.locator('.monaco-workbench').isVisible());
  await act('Open Sample in the Command Palette', () => workbench.command('blkreplay: Open Sample'));
  await workbench.debugging.untilConfigurationIsKnown('Record the Sample');
  await workbench.screenshot('start-1-sample');
  actions.push(...(await workbench.debugging.trustAndStart('start-2-trust')));
  await workbench.debugging.waitUntilStopped(DEMO.failure);
  const atEnd = position(await workbench.debugging.positionText());
  await workbench.screenshot('start-2-failure');
  await act('Step Back', () => workbench.debugging.press('Step Back'));
  await workbench.until('the machine has stepped back', async () => {
    return position(await workbench.debugging.positionText()) !== atEnd && (await workbench.debugging.isStopped());
  });
  await workbench.until(
    'a source line is highlighted',
    async () => (await workbench.editor.highlightedLine()) !== undefined,
  );
  await workbench.screenshot('start-3-step-back');
  t.diagnostic(`${actions.length} actions to the first step back: ${actions.join(', ')}`);
  assert.ok(actions.length <= ACTIONS_MAX);
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  await workbench.debugging.stop();

  await workbench.page.keyboard.press('F5');
  await workbench.debugging.waitUntilStopped(DEMO.failure);
  await notified(workbench, /demo\.rr already exists and is kept\. This session records to .*demo-2\.rr/);
  await workbench.screenshot('start-4-both-kept');
  await workbench.debugging.stop();
  await workbench.command('Notifications: Clear All Notifications');

  await workbench.debugging.startConfiguration('Replay the Sample');
  await workbench.debugging.waitUntilStopped(DEMO.failure);
  await notified(workbench, /demo-2\.rr is newer than .*demo\.rr, which is being replayed/);
  await workbench.screenshot('start-4-later-recording');
  await workbench.page
    .locator('.notification-toast')
    .getByRole('button', { name: 'Replay .blkreplay/demo-2.rr' })
    .click();
  await workbench.until('the later recording is replayed', async () => {
    const row = workbench.sideBar.pane('Overlays').locator('.monaco-list-row').first();
    return /demo-2\.rr/.test((await row.getAttribute('aria-label')) ?? '') && (await workbench.debugging.isStopped());
  });
  await workbench.debugging.stop();
  await workbench.command('Notifications: Clear All Notifications');

  await workbench.pick('demo-2.rr', { key: 'Control+P' });
  const page = workbench.webview();
  await page.getByRole('heading', { name: 'demo-2.rr' }).waitFor();
  assert.match(await page.getByRole('main').innerText(), /The guest reported failure with code 1/);
  await workbench.screenshot('start-5-recording');
  await page.getByRole('button', { name: 'Replay', exact: true }).first().click();
  await workbench.until(
    'the replay is at its start',
    async () => position(await workbench.debugging.positionText()) === '0',
  );
  await workbench.debugging.press('Continue');
  await workbench.debugging.waitUntilStopped(DEMO.failure);
  await workbench.debugging.press('Step Back');
  await workbench.until('the machine has stepped back', async () => {
    return position(await workbench.debugging.positionText()) !== atEnd && (await workbench.debugging.isStopped());
  });
  const before = position(await workbench.debugging.positionText());

  // VS Code stores the state of extensions with a delay.
  await workbench.page.waitForTimeout(3000);
  await workbench.page.reload();
  await notified(workbench, /was at position .* when the window was closed/);
  await workbench.screenshot('start-6-reloaded');
  await workbench.page.locator('.notification-toast').getByRole('button', { name: 'Resume Replay' }).click();
  await workbench.until(
    'the replay is resumed',
    async () => position(await workbench.debugging.positionText()) === before,
  );
  await workbench.until(
    'a source line is highlighted',
    async () => (await workbench.editor.highlightedLine()) !== undefined,
  );
  assert.match(await workbench.terminal.text(), DEMO.guestError, 'the console shows what was printed before');
  await workbench.screenshot('start-7-resumed');
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  await workbench.debugging.stop();

  await workbench.command('blkreplay: Take Snapshot');
  await notified(workbench, /No blkreplay session is running/);
  await workbench.screenshot('start-8-without-session');
  await workbench.command('Notifications: Clear All Notifications');
  await workbench.command('Welcome: Open Walkthrough...');
  await workbench.pick('Get Started with Reverse Debugging');
  await workbench.page.locator('.getting-started-step', { hasText: 'Step back' }).first().waitFor();
  await workbench.screenshot('start-9-walkthrough');
});

const notified = (workbench: Workbench, words: RegExp): Promise<void> =>
  workbench.until(`a notification matches ${words}`, async () =>
    (await workbench.notifications()).some((text) => words.test(text)),
  );

/** The position in the text of the status bar. */
const position = (text: string) => /[\d,]+/.exec(text)?.[0];
