/** The adapter answers requests within 100 ms and pauses within 200 ms while the machine is running. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

const ANSWER_MS = 100;
const PAUSE_MS = 200;
/** The maximum number of attempts at a measurement, which can fail because other tests keep the processors busy. */
const TRIES = 5;

/**
 * A configuration that records a guest that never exits, so that it is still running when a slow host sends the next
 * request.
 */
const endless = (sandbox: Sandbox, more: object = {}) =>
  demoLaunch(sandbox, { kernel: guest('endless/endless'), drives: [], ...more });
/** Text that the guest prints after about 800 million steps. */
const LONG = 'round 300:';

test('while the machine is computing, the adapter answers requests, sets breakpoints and pauses', async (t) => {
  const dap = new DapClient(t);
  await dap.start(endless(new Sandbox(t)));
  await untilPrinted(dap, 'round 1:');
  const { threads } = await quick(() => dap.request('threads'));
  assert.equal(threads.length, 1);
  assert.match(await quick(() => dap.refused('stackTrace', { threadId: 1 })), /is running\. Pause it first/);
  assert.match(await quick(() => dap.refused('continue', { threadId: 1 })), /is running\. Pause it first/);
  assert.deepEqual(await quick(() => dap.request('scopes', { frameId: 1 })), { scopes: [] });
  assert.deepEqual(await quick(() => dap.request('variables', { variablesReference: 1 })), { variables: [] });
  const path = source('endless/endless.c');
  const stop = await paused(dap, 'continue');
  assert.equal(stop.reason, 'pause');
  await dap.request('continue', { threadId: 1 });
  const set = await quick(() => dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'work' }] }));
  assert.equal(set.breakpoints[0].verified, true);
  await dap.event('stopped');
  const frame = await dap.topFrame();
  assert.deepEqual([frame.name, frame.source?.path], ['work', path]);
});

longTest('a machine that sleeps in real time can be paused', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  const drives = [{ id: 'hd0', image: sandbox.disk('disk.img'), format: 'raw' }];
  await dap.start({ rr: 'off', cwd: sandbox.folder, kernel: guest('kernel/oslet'), drives });
  await untilPrinted(dap, '$ ');
  assert.equal((await paused(dap, 'continue')).reason, 'pause');
  assert.match(await dap.refused('stepBack', { threadId: 1 }), /not recorded/);
  assert.ok(dap.events.some(({ event, body }) => event === 'capabilities' && !body.capabilities.supportsStepBack));
});

longTest(
  'during a long reverse run, requests are answered, new breakpoints apply, and pause stops the run',
  async (t) => {
    const dap = new DapClient(t);
    await dap.start(endless(new Sandbox(t)));
    await untilPrinted(dap, LONG);
    await paused(dap, 'continue');
    // The guest never writes to this address after boot, so the search covers the whole history.
    const { dataId } = await dap.request('dataBreakpointInfo', { name: '*(unsigned long *)0x80000000' });
    await dap.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
    await dap.request('reverseContinue', { threadId: 1 });
    assert.match(await quick(() => dap.refused('evaluate', { expression: 'words' })), /is running\. Pause it first/);
    assert.equal((await paused(dap, 'reverseContinue')).reason, 'pause');
    assert.equal(await dap.evaluate('1 + 1'), '2');
    await dap.request('reverseContinue', { threadId: 1 });
    const set = await quick(() => dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }));
    assert.equal(set.breakpoints[0].verified, true);
    assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
    assert.equal((await dap.topFrame()).name, 'main');
    // Requests are also answered while the adapter is moving to a distant position.
    await dap.request('blkreplay/goTo', { position: dap.place.end });
    await quick(() => dap.request('threads'));
    await dap.event('stopped');
  },
);

longTest('breakpoints can be set during a long step, and pause stops the step', async (t) => {
  const dap = new DapClient(t);
  await dap.start(endless(new Sandbox(t)), () =>
    dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }),
  );
  await dap.event('stopped');
  await dap.request('stepOut', { threadId: 1 });
  const later = await quick(() => dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'main' }] }));
  assert.deepEqual(
    later.breakpoints.map(({ verified }: { verified: boolean }) => verified),
    [false],
  );
  await paused(dap, 'stepOut');
  const changed = await dap.event('breakpoint');
  assert.deepEqual([changed.breakpoint.id, changed.breakpoint.verified], [later.breakpoints[0].id, true]);
  assert.equal(await dap.evaluate('1 + 1'), '2');
});

test('when the client disconnects during a run, the adapter exits and the recording is complete', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(endless(sandbox));
  await untilPrinted(dap, 'round 1:');
  assert.equal(await dap.leave(), 0);
  const replay = new DapClient(t);
  await replay.start(endless(sandbox, { rr: 'replay' }));
  const end = await replay.event('stopped');
  assert.equal(end.description, 'End of recording');
  assert.ok(replay.console.length >= dap.console.length, 'everything that was shown is in the recording');
});

/**
 * Pauses a run and returns its `stopped` event. If the pause is slow, starts another run with the request `again` and
 * pauses that one.
 */
async function paused(dap: DapClient, again: string) {
  for (let tries = TRIES; ; tries--) {
    const asked = performance.now();
    await dap.request('pause', { threadId: 1 });
    const stop = await dap.event('stopped');
    const took = performance.now() - asked;
    if (took < PAUSE_MS) return stop;
    assert.ok(tries > 1, `paused after ${took} ms`);
    await dap.request(again, { threadId: 1 });
  }
}

/** Sends a request and returns its response. Repeats the request if the response is slow. */
async function quick<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = TRIES; ; tries--) {
    const asked = performance.now();
    const answer = await ask();
    const took = performance.now() - asked;
    if (took < ANSWER_MS) return answer;
    assert.ok(tries > 1, `answered after ${took} ms`);
  }
}

async function untilPrinted(dap: DapClient, text: string): Promise<void> {
  while (!dap.console.includes(text)) await sleep(5);
}
