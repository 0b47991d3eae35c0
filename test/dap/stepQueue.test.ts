/** Steps that are requested while another step runs are executed in order, each with its own stop. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { StepQueue, WAITING_STEPS_MAX } from '../../debug-adapter/dap/stepQueue.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { longTest, some } from '../support/extent.ts';

const STEPS = 5;
const LINE = { threadId: 1 };
const INSTRUCTION = { threadId: 1, granularity: 'instruction' };

/** A session that is stopped in the middle of the demo. */
async function stoppedSession(t: TestContext): Promise<DapClient> {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t)), () =>
    dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] }),
  );
  await dap.event('stopped');
  await dap.request('setFunctionBreakpoints', { breakpoints: [] });
  return dap;
}

/** Sends a request several times without waiting. Returns the positions of the stops that follow. */
async function stopsAfter(dap: DapClient, command: string, args: object, count = STEPS): Promise<number[]> {
  const earlier = dap.events.length;
  const answers = Array.from({ length: count }, () => dap.request(command, args));
  for (let i = 0; i < count; i++) assert.equal((await dap.event('stopped')).reason, 'step');
  await Promise.all(answers);
  // The last position event before a `stopped` event contains the position of the stop.
  const positions: number[] = [];
  let position = NaN;
  for (const { event, body } of dap.events.slice(earlier)) {
    if (event === 'blkreplay/place') position = body.position;
    if (event === 'stopped') positions.push(position);
  }
  return positions;
}

/** Sends a request several times, and waits for each stop. */
async function oneByOne(dap: DapClient, command: string, args: object): Promise<number> {
  for (let i = 0; i < STEPS; i++) assert.equal((await dap.until(command, args)).reason, 'step');
  return dap.place.position;
}

for (const [there, back, args] of some(
  [
    ['stepIn', 'stepBack', INSTRUCTION],
    ['next', 'stepBack', LINE],
    ['stepIn', 'blkreplay/reverseStepIn', LINE],
  ] as const,
  1,
)) {
  test(`${STEPS} ${there} or ${back} requests sent without waiting execute ${STEPS} steps: ${JSON.stringify(args)}`, async (t) => {
    const dap = await stoppedSession(t);
    const from = dap.place.position;
    const forward = await oneByOne(dap, there, args);
    const backward = await oneByOne(dap, back, args);
    await dap.until('blkreplay/goTo', { position: from });
    assert.equal((await stopsAfter(dap, there, args)).at(-1), forward);
    const stops = await stopsAfter(dap, back, args);
    assert.equal(stops.at(-1), backward);
    if (args === INSTRUCTION)
      assert.deepEqual(
        stops,
        [4, 3, 2, 1, 0].map((distance) => from + distance),
      );
    assert.equal(new Set(stops).size, STEPS);
  });
}

longTest('forward and backward steps share one queue', async (t) => {
  const dap = await stoppedSession(t);
  const from = dap.place.position;
  const commands = ['stepIn', 'stepIn', 'stepBack', 'stepIn', 'stepBack', 'stepBack'];
  const answers = commands.map((command) => dap.request(command, INSTRUCTION));
  for (const _ of commands) await dap.event('stopped');
  await Promise.all(answers);
  assert.equal(dap.place.position, from);
});

test('when a breakpoint stops a step, the queued steps are dropped without a dialog', async (t) => {
  const dap = await stoppedSession(t);
  const from = dap.place.position;
  await dap.until('stepOut', LINE);
  await dap.until('stepBack', LINE);
  await dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'statistics_sample' }] });
  const answers = [dap.send('next', LINE), ...Array.from({ length: 3 }, () => dap.send('next', LINE))];
  assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
  const [first, ...others] = await Promise.all(answers);
  assert.equal(first.success, true);
  for (const { success, message, body } of others) {
    assert.deepEqual([success, message, body.error.showUser], [false, 'step-dropped', false]);
  }
  assert.equal(dap.place.position, from);
  assert.equal(await dap.evaluate('1 + 1'), '2', 'the session continues');
});

longTest('a pause request drops the queued steps', async (t) => {
  const dap = await stoppedSession(t);
  const answers = Array.from({ length: 20 }, () => dap.send('next', LINE));
  const paused = dap.request('pause', { threadId: 1 });
  await paused;
  const responses = await Promise.all(answers);
  const executed = responses.filter(({ success }) => success).length;
  assert.ok(executed < 20, `${executed} steps were executed`);
  for (let i = 0; i < executed; i++) await dap.event('stopped');
  assert.equal(await dap.evaluate('1 + 1'), '2');
});

longTest('queued backward steps are dropped at the start of the recording', async (t) => {
  const dap = await stoppedSession(t);
  await dap.until('blkreplay/goTo', { position: 2 });
  const answers = Array.from({ length: STEPS }, () => dap.send('stepBack', INSTRUCTION));
  const reasons = [];
  for (let i = 0; i < 3; i++) reasons.push((await dap.event('stopped')).reason);
  assert.deepEqual(reasons, ['step', 'step', 'entry']);
  const responses = await Promise.all(answers);
  assert.deepEqual(
    responses.map(({ success }) => success),
    [true, true, true, false, false],
  );
});

test('the queue has a maximum length, and if a step fails to start, the remaining steps are dropped', async () => {
  const queue = new StepQueue();
  const started: number[] = [];
  const answers = Array.from({ length: WAITING_STEPS_MAX }, (_, i) =>
    queue.add(() => {
      started.push(i);
      return i === 1 ? Promise.reject(new Error('refused')) : Promise.resolve(i);
    }),
  );
  const settled = Promise.allSettled(answers);
  assert.throws(() => queue.add(() => Promise.resolve()), { code: 'steps-too-many' });
  queue.startNext();
  queue.startNext();
  const results = await settled;
  assert.deepEqual(started, [0, 1]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['fulfilled', ...Array.from({ length: WAITING_STEPS_MAX - 1 }, () => 'rejected')],
  );
  assert.ok(queue.isEmpty);
});
