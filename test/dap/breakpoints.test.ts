/** Breakpoints of every kind stop the guest in both directions, and the debugger steps over, into, out and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

test('a breakpoint on a line without code moves to the next line with code and stops there', async (t) => {
  const dap = new DapClient(t);
  let moved: { id: number; verified: boolean; line: number } | undefined;
  await dap.start(demoLaunch(new Sandbox(t)), async () => {
    const path = source('demo/statistics.c');
    const set = await dap.request('setBreakpoints', { source: { path }, breakpoints: [{ line: 7 }, { line: 900 }] });
    moved = set.breakpoints[0];
    assert.deepEqual([moved!.verified, moved!.line], [true, 8]);
    assert.equal(set.breakpoints[1].verified, false);
    assert.equal(
      set.breakpoints[1].message,
      'The loaded symbols contain no code at or after line 900. Set the breakpoint on an earlier line.',
    );
  });
  const stop = await dap.event('stopped');
  assert.deepEqual([stop.reason, stop.hitBreakpointIds], ['breakpoint', [moved!.id]]);
  const frame = await dap.topFrame();
  assert.equal(frame.name, 'statistics_sample');
  // Line 8 is the function's opening line. The breakpoint is placed after the prologue, so the stop may be on line 8 or
  // 9.
  assert.ok(frame.line === 8 || frame.line === 9, `line ${frame.line}`);
});

longTest(
  'function and instruction breakpoints stop the guest in both directions until they are replaced',
  async (t) => {
    const dap = new DapClient(t);
    await dap.start(demoLaunch(new Sandbox(t)), async () => {
      const set = await dap.request('setFunctionBreakpoints', {
        breakpoints: [{ name: 'store_open' }, { name: 'nowhere' }],
      });
      assert.deepEqual(
        set.breakpoints.map(({ verified }: { verified: boolean }) => verified),
        [true, false],
      );
    });
    assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
    assert.equal((await dap.topFrame()).name, 'store_open');

    await dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'verify_store' }] });
    await dap.until('continue');
    assert.equal((await dap.topFrame()).name, 'verify_store');
    const { stackFrames } = await dap.request('stackTrace', { threadId: 1, startFrame: 1, levels: 1 });
    assert.equal(stackFrames[0].name, 'main');

    const instructionReference = stackFrames[0].instructionPointerReference;
    await dap.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference }] });
    assert.equal((await dap.until('continue')).reason, 'instruction breakpoint');
    assert.equal((await dap.topFrame()).name, 'main');
    const odd = [{ instructionReference, offset: 1 }];
    const [unset] = (await dap.request('setInstructionBreakpoints', { breakpoints: odd })).breakpoints;
    assert.deepEqual([unset.verified, /No instruction starts at/.test(unset.message)], [false, true]);
    await dap.request('setInstructionBreakpoints', { breakpoints: [{ instructionReference }] });
    assert.equal((await dap.until('reverseContinue')).reason, 'function breakpoint');
    assert.equal((await dap.topFrame()).name, 'verify_store');
  },
);

test('the debugger steps over, in, out and back, by line and by instruction', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t)), () =>
    dap.request('setBreakpoints', { source: { path: source('demo/main.c') }, breakpoints: [{ line: 45 }] }),
  );
  const lines = [];
  await dap.event('stopped');
  lines.push(await place(dap));
  for (const step of ['next', 'stepIn', 'stepOut', 'stepBack', 'stepBack']) {
    const { reason } = await dap.until(step);
    // The last step back reaches the breakpoint again.
    assert.equal(reason, lines.length === 5 ? 'breakpoint' : 'step', step);
    lines.push(await place(dap));
  }
  assert.deepEqual(lines, ['main 45', 'main 46', 'start_interrupts 10', 'main 47', 'main 46', 'main 45']);

  const pc = async () => BigInt(await pcOf(dap));
  const before = await pc();
  await dap.until('stepIn', { threadId: 1, granularity: 'instruction' });
  assert.notEqual(await pc(), before);
  await dap.until('stepBack', { threadId: 1, granularity: 'instruction' });
  assert.equal(await pc(), before);
});

longTest('if a data breakpoint cannot be set, the adapter reports the reason', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const register = await dap.request('dataBreakpointInfo', { name: '1 + 1' });
  assert.equal(register.dataId, null);
  assert.match(register.description, /^1 \+ 1 is not in memory/);
  assert.match(
    await dap.refused('dataBreakpointInfo', { name: 'nobody' }),
    /There is no variable, function or enumerator "nobody" here/,
  );
  const { dataId } = await dap.request('dataBreakpointInfo', { name: '*(int *)16' });
  const { breakpoints } = await dap.request('setDataBreakpoints', { breakpoints: [{ dataId }] });
  assert.equal(breakpoints[0].verified, false);
  assert.match(breakpoints[0].message, /no RAM is currently mapped/);
  assert.match(
    await dap.refused('setDataBreakpoints', { breakpoints: [{ dataId: '{}' }] }),
    /an id from dataBreakpointInfo/,
  );
});

async function place(dap: DapClient): Promise<string> {
  const { name, line } = await dap.topFrame();
  return `${name} ${line}`;
}

async function pcOf(dap: DapClient): Promise<string> {
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  return stackFrames[0].instructionPointerReference;
}
