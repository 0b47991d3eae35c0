/** The adapter's custom requests and events report the position, move to a position and transfer console data.
 *
 * They are declared in customProtocol.ts.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { expected, guest, maskDemo, SESSION } from '../support/guests.ts';
import { readFileSync } from 'node:fs';
import { longTest } from '../support/extent.ts';

test('the position is reported at stops and during runs, and goTo moves to a given position', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t)));
  await dap.event('stopped');
  const end = dap.place;
  assert.deepEqual(end, {
    ...{ rr: 'record', position: end.position, start: 0, end: end.position },
    ...{ isRunning: false, isPast: false, seconds: end.seconds },
  });
  assert.ok(end.seconds > 0);
  const runs = dap.events.filter(({ event, body }) => event === 'blkreplay/place' && body.isRunning);
  assert.ok(runs.length >= 1);
  const middle = Math.floor(end.position / 2);
  const stop = await dap.until('blkreplay/goTo', { position: middle });
  assert.equal(stop.reason, 'goto');
  assert.equal(stop.description, `At position ${middle.toLocaleString('en-US')}`);
  const { seconds } = dap.place;
  assert.deepEqual(dap.place, { ...end, position: middle, isPast: true, seconds });
  assert.ok(seconds > 0 && seconds < end.seconds, 'the guest time is that of the position');
  assert.match(
    await dap.refused('blkreplay/goTo', { position: end.position + 1 }),
    /is not in the recording, which covers positions/,
  );
  assert.match(await dap.refused('blkreplay/goTo', {}), /"position" .* expected an integer/);
  await dap.until('blkreplay/goTo', { position: end.position });
  assert.deepEqual(dap.place, end);
});

longTest(
  'a replay shows the console output up to "startPosition" and stops there, or at the end of a shorter recording',
  async (t) => {
    const sandbox = new Sandbox(t);
    const launch = demoLaunch(sandbox, { console: 'terminal' });
    const recording = new DapClient(t);
    await recording.start(launch);
    await recording.event('stopped');
    const { position: end } = recording.place;
    const { terminal: output } = recording;
    await recording.leave();
    const startAt = async (startPosition: number) => {
      const dap = new DapClient(t);
      await dap.start({ ...launch, rr: 'replay', startPosition });
      await dap.event('stopped');
      return dap;
    };
    const position = Math.floor(end * 0.9);
    const middle = await startAt(position);
    assert.equal(middle.place.position, position);
    assert.ok(middle.terminal.length > 0 && middle.terminal.length < output.length);
    assert.equal(middle.terminal, output.slice(0, middle.terminal.length));
    await middle.leave();
    const last = await startAt(end + 1000);
    assert.equal(last.place.position, end);
    assert.equal(last.terminal, output);
  },
);

longTest('console output is sent to a terminal as bytes', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { console: 'terminal' }));
  await dap.event('stopped');
  assert.equal(dap.console, '');
  assert.equal(maskDemo(dap.terminal), maskDemo(expected('demo/demo').console));
});

longTest('typed input reaches a sleeping guest, and a replay repeats this input', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(kernelLaunch(sandbox));
  await dap.untilTerminal('$ ');
  for (const line of readFileSync(SESSION, 'utf8').split(/(?<=\n)/)) await type(dap, line);
  const stop = await dap.event('stopped');
  assert.equal(stop.description, 'The guest powered off');
  const output = dap.terminal;
  assert.match(output, /hello, world/);
  assert.match(output, /64 blocks, crc32/);
  const history = dap.place.end;
  await dap.until('reverseContinue');
  assert.match(await dap.refused('blkreplay/consoleInput', { base64: btoa('x') }), /To type, continue to the live end/);
  assert.equal(dap.terminal, output, 'history is not printed again');
  await dap.leave();

  const replay = new DapClient(t);
  await replay.start(kernelLaunch(sandbox, { rr: 'replay' }));
  const end = await replay.event('stopped');
  assert.deepEqual([end.description, end.text], ['The guest powered off', 'End of recording']);
  assert.equal(replay.place.position, history);
  assert.equal(replay.terminal, output);
  assert.match(
    await replay.refused('blkreplay/consoleInput', { base64: btoa('x') }),
    /Console input is not possible in a replay/,
  );
  assert.match(await replay.refused('blkreplay/consoleInput', { base64: '!' }), /base64/);
});

longTest('typed input reaches the guest during a long step', async (t) => {
  const dap = new DapClient(t);
  await dap.start(kernelLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  await dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'console_read' }] });
  await dap.until('continue');
  await dap.request('setFunctionBreakpoints', { breakpoints: [] });
  // Steps out of console_read, which returns only when a line has been typed.
  await dap.request('stepOut', { threadId: 1 });
  await sleep(100);
  await type(dap, 'echo typed\n');
  assert.equal((await dap.event('stopped')).reason, 'step');
});

function kernelLaunch(sandbox: Sandbox, more: object = {}): object {
  const drives = [{ id: 'hd0', image: sandbox.disk('disk.img'), format: 'raw', overlay: 'hd0.qcow2' }];
  const kernel = guest('kernel/oslet');
  return { rr: 'record', rrfile: 'a.rr', cwd: sandbox.folder, kernel, drives, console: 'terminal', ...more };
}

const type = (dap: DapClient, text: string) => dap.request('blkreplay/consoleInput', { base64: btoa(text) });
