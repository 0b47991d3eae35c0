/** In VS Code, the preferences for all launch configurations apply to the first session after a folder is trusted. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { DEMO } from '../support/demoWalk.ts';
import { openSample } from './scenario.ts';

/**
 * The default of `blkreplay.overwrite` is `keepBoth` and that of `blkreplay.console` is `terminal`, unlike in the
 * adapter.
 */
test('the first F5 in a new folder uses the preferences', async (t) => {
  const settings = { 'debug.showInStatusBar': 'always' };
  const { workbench, folder } = await openSample(t, { asksForTrust: true, settings }, addEarlierRecording);
  await workbench.debugging.untilConfigurationIsKnown('Demo: who damaged the store?');
  await workbench.debugging.trustAndStart('trust-1-question');
  await workbench.debugging.waitUntilStopped(DEMO.failure);
  await workbench.screenshot('trust-2-first-session');
  assert.match(await workbench.terminal.text(), DEMO.guestError);
  assert.ok(fs.existsSync(path.join(folder, '.blkreplay/demo-2.rr')), 'both recordings are kept');
});

function addEarlierRecording(folder: string): void {
  fs.mkdirSync(path.join(folder, '.blkreplay'));
  fs.writeFileSync(path.join(folder, '.blkreplay/demo.rr'), '');
}
