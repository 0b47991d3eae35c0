/** A long run through the history reports its progress and can be canceled; reverse runs then stop within 200 ms. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Debuggee } from '../../debug-adapter/dap/debuggee.ts';
import { ProgressReporter } from '../../debug-adapter/dap/progress.ts';
import { longRun } from '../../debug-adapter/dap/requests/longRun.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

const CANCEL_MS = 200;
/** The maximum number of attempts at a measurement, which can fail because other tests keep the processors busy. */
const TRIES = 5;
/** Text that the guest prints after eight million evaluations of the condition. */
const LONG = 'round 100:';
const PROGRESS = { supportsProgressReporting: true };

test('a run reports its progress after 300 ms, reports each percentage only once, and reports its end', () => {
  const events: unknown[] = [];
  const progress = new ProgressReporter((event, body) => events.push([event, body]));
  progress.begin({ title: 'Back', searched: { start: 100, end: 1100 } }, 5000);
  progress.sendIfDue(5299);
  progress.reached(900);
  assert.deepEqual(events, []);
  progress.sendIfDue(5300);
  progress.sendIfDue(5301);
  for (const position of [900, 895, 600, 100]) progress.reached(position);
  progress.end();
  const progressId = 'run 1';
  assert.deepEqual(events.splice(0), [
    ['progressStart', { progressId, title: 'Back', cancellable: true, percentage: 20 }],
    ['progressUpdate', { progressId, percentage: 50 }],
    ['progressUpdate', { progressId, percentage: 100 }],
    ['progressEnd', { progressId }],
  ]);
  progress.begin({ title: 'Short' }, 6000);
  progress.sendIfDue(6200);
  progress.end();
  progress.begin(undefined, 7000);
  progress.sendIfDue(9000);
  progress.end();
  assert.deepEqual(events, []);
});

test('the progress of a run that may go beyond the recording ends with the recording, and counting hits precedes it', () => {
  const events: unknown[] = [];
  const progress = new ProgressReporter((event, body) => events.push([event, body]));
  progress.begin({ title: 'Forward', target: 1000, endsAtTarget: true }, 5000);
  progress.counted({ start: 0, current: 50, end: 100 }, 5000);
  progress.sendIfDue(5300);
  progress.counted(undefined, 5400);
  progress.reached(200);
  progress.sendIfDue(5500);
  progress.sendIfDue(5700);
  progress.reached(600);
  progress.reached(1200);
  progress.sendIfDue(9000);
  progress.end();
  assert.deepEqual(events.splice(0), [
    ['progressStart', { progressId: 'run 1', title: 'Counting breakpoint hits', cancellable: true, percentage: 50 }],
    ['progressEnd', { progressId: 'run 1' }],
    ['progressStart', { progressId: 'run 2', title: 'Forward', cancellable: true, percentage: 0 }],
    ['progressUpdate', { progressId: 'run 2', percentage: 50 }],
    ['progressEnd', { progressId: 'run 2' }],
  ]);
});

test('the progress of a run to "startPosition" names the position to which the run really goes', () => {
  const title = (configuration: object) => {
    const history = { start: 10, end: 5000 };
    const session = { position: 10, history, target: { history } };
    const defaults = { rr: 'replay', startPosition: null, stopOnEntry: false, noDebug: false };
    const debuggee = { session, configuration: { ...defaults, ...configuration } };
    return longRun('configurationDone', {}, debuggee as unknown as Debuggee)?.title;
  };
  assert.equal(title({ startPosition: 4000 }), 'Going forward to position 4,000');
  assert.equal(title({ startPosition: 6000 }), 'Going forward to position 5,000');
  assert.equal(title({ startPosition: 4000, stopOnEntry: true }), 'Going forward to position 4,000');
  assert.equal(title({ startPosition: 4000, noDebug: true }), 'Running forward');
  assert.equal(title({}), 'Running forward');
  assert.equal(title({ stopOnEntry: true }), undefined);
});

/**
 * A session at the end of a long history. The hottest loop has a breakpoint whose condition is false and cannot
 * be compiled.
 */
async function longHistory(t: TestContext, client: object): Promise<DapClient> {
  const dap = new DapClient(t);
  const launch = demoLaunch(new Sandbox(t), { kernel: guest('endless/endless'), drives: [] });
  await dap.start(launch, undefined, client);
  while (!dap.console.includes(LONG)) await sleep(5);
  await dap.request('pause', { threadId: 1 });
  await dap.event('stopped');
  await dap.request('setBreakpoints', {
    source: { path: source('endless/endless.c') },
    breakpoints: [{ line: 13, condition: '(double)seed == 0.5' }],
  });
  return dap;
}

longTest('a reverse run shows its progress; cancel stops it, and so does pause', async (t) => {
  const dap = await longHistory(t, PROGRESS);
  for (let tries = TRIES; ; tries--) {
    await dap.request('reverseContinue', { threadId: 1 });
    const start = await dap.event('progressStart');
    assert.deepEqual([start.title, start.cancellable], ['Running backward', true]);
    assert.deepEqual(await dap.request('cancel', { progressId: 'run 99' }), {}, 'another run is not canceled');
    assert.match(await dap.refused('continue', { threadId: 1 }), /is running/);
    const asked = performance.now();
    await dap.request('cancel', { progressId: start.progressId });
    const end = await dap.event('progressEnd');
    const took = performance.now() - asked;
    assert.equal(end.progressId, start.progressId);
    assert.equal((await dap.event('stopped')).reason, 'pause');
    if (took < CANCEL_MS) break;
    assert.ok(tries > 1, `canceled after ${took} ms`);
    await dap.until('blkreplay/goTo', { position: dap.place.end });
  }
  await dap.request('reverseContinue', { threadId: 1 });
  await dap.event('progressStart');
  await dap.request('pause', { threadId: 1 });
  await dap.event('progressEnd');
  assert.equal((await dap.event('stopped')).reason, 'pause');
  await dap.request('cancel', { requestId: 1 });
  assert.equal(await dap.evaluate('1 + 1'), '2');
});

longTest(
  'a run forward through the history shows its progress and can be canceled; a run at the live end has none',
  async (t) => {
    const dap = await longHistory(t, PROGRESS);
    await dap.request('continue', { threadId: 1 });
    await sleep(600);
    await dap.request('pause', { threadId: 1 });
    await dap.event('stopped');
    assert.deepEqual(progressEvents(dap), []);
    await dap.until('blkreplay/goTo', { position: 0 });
    await dap.request('continue', { threadId: 1 });
    let start = await dap.event('progressStart');
    // Going to position 0 may also have taken long enough to be reported.
    while (start.title !== 'Running forward') start = await dap.event('progressStart');
    assert.equal(start.cancellable, true);
    assert.ok(start.percentage >= 0 && start.percentage < 100);
    await dap.request('cancel', { progressId: start.progressId });
    assert.equal((await dap.event('progressEnd')).progressId, start.progressId);
    assert.equal((await dap.event('stopped')).reason, 'pause');
  },
);

longTest('a client that does not announce support for progress reporting gets no progress events', async (t) => {
  const dap = await longHistory(t, {});
  await dap.request('reverseContinue', { threadId: 1 });
  await sleep(600);
  await dap.request('pause', { threadId: 1 });
  assert.equal((await dap.event('stopped')).reason, 'pause');
  assert.deepEqual(progressEvents(dap), []);
});

const progressEvents = (dap: DapClient) => dap.events.filter(({ event }) => event.startsWith('progress'));
