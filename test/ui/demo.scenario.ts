/** In VS Code, the README's demo leads from F5 to the line that did the damage, and again in a replay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

/**
 * What the README promises a newcomer: from F5 to the line that did the damage, and to the same places in a replay. The
 * guest finds at its end that a field is damaged; only the field is known.
 */
const FAILURE = 'The guest reported failure, code 1';
const CULPRIT = { name: 'statistics_sample', file: 'statistics.c', line: 18 };
const BEFORE = { name: 'statistics_sample', file: 'statistics.c', line: 14 };
const FIELD = ['store', 'superblock', 'entry_count'];

test('the demo: F5, a data breakpoint, Reverse and Step Back; snapshots; the same again as a replay', async (t) => {
  const { workbench } = await openSample(t);
  await workbench.openFile('main.c');
  const startMs = await workbench.startDebugging();
  await workbench.waitUntilStopped(FAILURE);
  t.diagnostic(
    `F5 to the first stop, with the whole run of the guest in it: ${startMs()} ms (wanted: at most 2000 warm)`,
  );
  assert.match(await workbench.terminalText(), /superblock is damaged: entry_count is \d+ but 96 entries are live/);
  await workbench.togglePane('Watch', 'closed');
  await workbench.screenshot('demo-1-failure');

  const recorded = await walkBack(workbench, 'demo-2-record');
  assert.equal(recorded.level, '8');

  await workbench.togglePane('Breakpoints', 'closed');
  await workbench.togglePane('Overlays', 'open');
  await takeSnapshot(workbench, 'the culprit');
  await workbench.screenshot('demo-3-snapshot');
  await workbench.clickInTree('Overlays', 'replay_init', 'Go to Snapshot');
  await workbench.until('the machine is at its beginning', async () => /^0 \/ /.test(await workbench.placeText()));
  await workbench.screenshot('demo-4-beginning');
  await workbench.clickInTree('Overlays', 'the culprit', 'Go to Snapshot');
  await workbench.waitUntilAt(BEFORE);
  await workbench.stopDebugging();

  await workbench.openFile('launch.json');
  await workbench.replaceWord('"record"', 'replay');
  await workbench.screenshot('demo-5-one-word');
  const replayMs = await workbench.startReplay();
  await workbench.waitUntilStopped(FAILURE);
  t.diagnostic(`F5 to the first stop of the replay: ${replayMs()} ms`);
  assert.deepEqual(await walkBack(workbench, 'demo-6-replay'), recorded, 'the same places, the same values');
  await workbench.treeRow('Overlays', 'the culprit').waitFor();
  await workbench.stopDebugging();
});

/** From the failure, knowing only the field, to the line before the one that damaged it. */
async function walkBack(workbench: Workbench, picture: string): Promise<Record<string, string>> {
  const damaged = await workbench.variableValue('Globals', ...FIELD);
  await workbench.contextMenu(await workbench.variable('Globals', ...FIELD), 'Break on Value Change');
  await workbench.press('Reverse');
  await workbench.waitUntilAt(CULPRIT);
  const culpritAt = await workbench.placeText();
  const [level, now] = [await local(workbench, 'level'), await local(workbench, 'now_us')];
  assert.equal(now, damaged, 'what is written here is what was found at the end');
  await workbench.screenshot(`${picture}-culprit`);
  await workbench.press('Step Back');
  await workbench.until('a step back', async () => (await workbench.placeText()) !== culpritAt);
  await workbench.press('Step Back');
  await workbench.waitUntilAt(BEFORE);
  assert.equal(await local(workbench, 'level'), level);
  await workbench.screenshot(`${picture}-step-back`);
  assert.deepEqual(await workbench.notifications(), [], 'nothing was complained about on the way');
  return { damaged, level, now, culpritAt: position(culpritAt), before: position(await workbench.placeText()) };
}

const local = (workbench: Workbench, name: string) => workbench.variableValue('Locals', name);

/** Of the status bar's text, which also says whether this is a recording or a replay. */
const position = (place: string) => /[\d,]+ \/ [\d,]+/.exec(place)![0];

async function takeSnapshot(workbench: Workbench, name: string): Promise<void> {
  await workbench.command('blkreplay: Take Snapshot');
  await workbench.answer(name);
  await workbench.treeRow('Overlays', name).waitFor();
}
