/** Hit conditions, logpoints and hit counts work over DAP in both directions. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

const BLOCKS = source('demo/blocks.c');
/** The line of `blocks_write`'s only statement. */
const WRITE_LINE = 56;

async function atEntry(t: TestContext): Promise<DapClient> {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  return dap;
}

async function setOnLine(dap: DapClient, details: object): Promise<void> {
  const { breakpoints } = await dap.request('setBreakpoints', {
    source: { path: BLOCKS },
    breakpoints: [{ line: WRITE_LINE, ...details }],
  });
  assert.equal(breakpoints[0].verified, true, breakpoints[0].message);
}

/** The positions of the first `count` stops. */
async function firstPositions(dap: DapClient, count: number): Promise<number[]> {
  const positions: number[] = [];
  for (let i = 0; i < count; i++) {
    await dap.until('continue');
    positions.push(dap.place.position as number);
  }
  return positions;
}

test('a breakpoint with a hit condition stops at the right hits, forwards and backwards, and shows the hit count', async (t) => {
  const all = await atEntry(t);
  await setOnLine(all, {});
  const positions = await firstPositions(all, 6);
  const dap = await atEntry(t);
  await setOnLine(dap, { hitCondition: '% 3' });
  const stop = await dap.until('continue');
  assert.deepEqual([stop.reason, stop.description], ['breakpoint', 'Breakpoint, hit 3']);
  assert.equal(dap.place.position, positions[2]);
  await dap.until('continue');
  assert.equal(dap.place.position, positions[5]);
  const shown = dap.events.findLast(({ event }) => event === 'breakpoint')!.body;
  assert.deepEqual([shown.reason, shown.breakpoint.message, shown.breakpoint.line], ['changed', '6 hits', WRITE_LINE]);
  await dap.until('reverseContinue');
  assert.equal(dap.place.position, positions[2]);
  assert.equal((await dap.until('reverseContinue')).description, 'Beginning of recording');
});

longTest(
  'a logpoint prints its message once for each position, with source file and line, and does not stop the guest',
  async (t) => {
    const dap = await atEntry(t);
    await setOnLine(dap, { logMessage: 'a block is written' });
    const messages = () =>
      dap.events.filter(({ event, body }) => event === 'output' && body.output === 'a block is written\n');
    assert.equal((await dap.until('continue')).description, 'The guest reported failure with code 1');
    const printed = messages();
    assert.ok(printed.length > 10);
    const { category, source: shown, line } = printed[0].body;
    assert.deepEqual([category, shown.path, line], ['console', BLOCKS, WRITE_LINE]);
    await dap.until('reverseContinue');
    assert.equal(messages().length, printed.length, 'no position is printed twice');
  },
);
