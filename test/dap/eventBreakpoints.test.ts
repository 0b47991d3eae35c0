/** Breakpoints on disk requests and printed text work in both directions; those that can never be hit are rejected. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

async function atEntry(t: TestContext): Promise<DapClient> {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  return dap;
}

async function setOne(dap: DapClient, breakpoint: object) {
  const { breakpoints } = await dap.request('blkreplay/setEventBreakpoints', { breakpoints: [breakpoint] });
  return breakpoints[0] as { id: number; verified: boolean; message?: string };
}

test('a disk breakpoint stops at the request in both directions', async (t) => {
  const dap = await atEntry(t);
  const { id, verified } = await setOne(dap, { kind: 'disk', drive: 'hd0', requests: ['write'] });
  assert.equal(verified, true);
  const first = await dap.until('continue');
  assert.deepEqual([first.reason, first.hitBreakpointIds], ['event breakpoint', [id]]);
  assert.match(first.description as string, /^hd0: write of \d+ sectors from sector \d+$/);
  const { position } = dap.place;
  await dap.until('continue');
  await dap.until('reverseContinue');
  const again = await dap.until('reverseContinue');
  assert.equal(again.description, first.description, 'the same request, reached from the other direction');
  assert.ok(Math.abs((dap.place.position as number) - (position as number)) <= 1);
});

longTest('a disk breakpoint on sectors that the guest never writes is never hit', async (t) => {
  const dap = await atEntry(t);
  await setOne(dap, { kind: 'disk', sectors: { first: 8191, count: 1 }, requests: ['write'] });
  assert.equal((await dap.until('continue')).description, 'The guest reported failure with code 1');
});

longTest('a console breakpoint stops when the guest prints the text', async (t) => {
  const dap = await atEntry(t);
  await setOne(dap, { kind: 'console', text: 'superblock is damaged' });
  const stop = await dap.until('continue');
  assert.deepEqual([stop.reason, stop.description], ['event breakpoint', 'The guest printed "superblock is damaged"']);
  assert.match(dap.console, /superblock is damaged$/, 'nothing after the text has been printed');
});

longTest('an event breakpoint that is invalid or can never be hit is rejected', async (t) => {
  const dap = await atEntry(t);
  const { verified, message } = await setOne(dap, { kind: 'disk', drive: 'hd9' });
  assert.deepEqual([verified, message], [false, 'The machine has no drive "hd9". Its drives: "hd0".']);
  for (const [bad, sentence] of [
    [{ kind: 'network' }, /"kind" .* expected disk or console/],
    [{ kind: 'console', text: '' }, /"text" .* expected a string of 1 to 256 bytes/],
    [{ kind: 'disk', requests: ['erase'] }, /"requests" .* expected/],
    [{ kind: 'disk', sectors: { first: 0, count: 0 } }, /"sectors" .* expected/],
  ] as const) {
    assert.match(await dap.refused('blkreplay/setEventBreakpoints', { breakpoints: [bad] }), sentence);
  }
});
