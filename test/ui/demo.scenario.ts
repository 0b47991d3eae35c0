/** In VS Code, the README's demo leads from F5 to the line that corrupted the field, in a recording and in a replay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Culprit, DEMO, type Location, type Move, walkDemo, type WalkDriver } from '../support/demoWalk.ts';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

/**
 * Follows the README's first steps from F5 to the line that corrupted a field, and reaches the same positions in a
 * replay. The guest exits with an error that reports the damaged field. The test is given only the name of that field.
 */
test('the demo: F5, a data breakpoint, Reverse and Step Back, then snapshots; the same steps in a replay', async (t) => {
  const { workbench } = await openSample(t);
  await workbench.editor.open('main.c');
  t.diagnostic(`F5 to the first stop, ${await firstStop(workbench, 'start')}, in a new window`);
  assert.match(await workbench.terminal.text(), DEMO.guestError);
  for (const unused of ['Watch', 'Breakpoints']) await workbench.sideBar.togglePane(unused, 'closed');
  await workbench.screenshot('demo-1-failure');

  const console = await workbench.terminal.text();
  const recorded = await walk(workbench, { console, screenshotName: 'demo-2-record' });

  await workbench.sideBar.togglePane('Overlays', 'open');
  await takeSnapshot(workbench, 'the culprit');
  await workbench.sideBar.treeRow('Overlays', 'the culprit').hover();
  await workbench.screenshot('demo-3-snapshot');
  await workbench.sideBar.clickInTree('Overlays', 'replay_init', 'Go to Snapshot');
  await workbench.until('the machine is at its beginning', async () =>
    /^0 · 0%/.test(await workbench.debugging.positionText()),
  );
  await workbench.screenshot('demo-4-beginning');
  await workbench.sideBar.clickInTree('Overlays', 'the culprit', 'Go to Snapshot');
  await workbench.debugging.waitUntilAt({ ...recorded.afterWrite, file: DEMO.file });
  await workbench.debugging.stop();

  await workbench.editor.open('launch.json');
  await workbench.editor.replaceWord('"record"', 'replay');
  await workbench.screenshot('demo-5-one-word');
  t.diagnostic(`F5 to the first stop of the replay, ${await firstStop(workbench, 'startReplay')}`);
  assert.deepEqual(
    await walk(workbench, { console, screenshotName: 'demo-6-replay' }),
    recorded,
    'the same positions and values',
  );
  await workbench.sideBar.treeRow('Overlays', 'the culprit').waitFor();
  await workbench.debugging.stop();
  t.diagnostic(`the same again, ${await firstStop(workbench, 'startReplay')} (wanted: at most 1500 ms)`);
});

/** Presses F5 and waits until the guest has run to completion and failed. Returns the times as text. */
async function firstStop({ debugging }: Workbench, start: 'start' | 'startReplay'): Promise<string> {
  const elapsedMs = await debugging[start]();
  await debugging.button('Stop').waitFor();
  const sessionMs = elapsedMs();
  await debugging.waitUntilStopped(DEMO.failure);
  return `${elapsedMs()} ms, of which ${sessionMs} until VS Code shows the session`;
}

/** Performs the walk from the failure to the bug. Returns its results with the positions that the status bar showed. */
async function walk(workbench: Workbench, { console, screenshotName }: { console: string; screenshotName: string }) {
  const driver = new WorkbenchDriver(workbench, screenshotName);
  const walked = await walkDemo(driver, console);
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  return { ...walked, positions: driver.positions };
}

/** Performs the walk with the mouse, and reads the results from the screen. */
class WorkbenchDriver implements WalkDriver {
  readonly positions: string[] = [];
  private readonly workbench: Workbench;
  private readonly screenshotName: string;

  constructor(workbench: Workbench, screenshotName: string) {
    this.workbench = workbench;
    this.screenshotName = screenshotName;
  }

  async stopAtWrites(variable: string): Promise<void> {
    const row = await this.workbench.variables.row('Globals', ...variable.split('.'));
    await this.workbench.contextMenu(row, 'Break on Value Change', `${this.screenshotName}-menu`);
  }

  async move(command: Move): Promise<void> {
    const from = position(await this.workbench.debugging.positionText());
    await this.workbench.debugging.press(BUTTONS[command]);
    await this.workbench.until('the machine has moved', async () => {
      return (
        position(await this.workbench.debugging.positionText()) !== from && (await this.workbench.debugging.isStopped())
      );
    });
    this.positions.push(position(await this.workbench.debugging.positionText()));
    if (command === 'stepBack') await this.workbench.screenshot(`${this.screenshotName}-step-back`);
  }

  async location(isExpected: (location: Location) => boolean): Promise<Location> {
    let location: Location = { name: '', line: 0 };
    await this.workbench.until('the call stack is as expected', async () => {
      location = await this.workbench.debugging.topFrame();
      return isExpected(location);
    });
    await this.workbench.debugging.waitUntilAt({ ...location, file: DEMO.file });
    return location;
  }

  async value(variable: string, isExpected: (value: string) => boolean): Promise<string> {
    let value = '';
    await this.workbench.until(`${variable} is as expected`, async () => {
      value = await this.workbench.variables.value('Globals', ...variable.split('.'));
      return isExpected(value);
    });
    return value;
  }

  async lookAround({ after }: Culprit): Promise<void> {
    assert.equal(await this.workbench.variables.value('Locals', 'level'), DEMO.level);
    assert.equal(await this.workbench.variables.value('Locals', 'now_us'), after, 'the value written at this line');
    await this.workbench.screenshot(`${this.screenshotName}-culprit`);
  }
}

/** The labels of the debug toolbar's buttons. */
const BUTTONS: Record<Move, string> = { reverseContinue: 'Reverse', stepBack: 'Step Back', continue: 'Continue' };

/**
 * The part of the status bar's text that gives the position. The rest shows whether this is a recording or a replay.
 */
const position = (text: string) => /[\d,]+ · \d+% · [\d,.]+ s/.exec(text)![0];

async function takeSnapshot(workbench: Workbench, name: string): Promise<void> {
  await workbench.command('blkreplay: Take Snapshot');
  await workbench.answer(name);
  await workbench.sideBar.treeRow('Overlays', name).waitFor();
}
