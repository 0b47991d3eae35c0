/** Breakpoints of every kind stop only where their conditions hold, and invalid conditions are rejected. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
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

/** Sets one breakpoint on a line and returns the adapter's description of it. */
async function setOnLine(dap: DapClient, line: number, details: object) {
  const { breakpoints } = await dap.request('setBreakpoints', {
    source: { path: BLOCKS },
    breakpoints: [{ line, ...details }],
  });
  return breakpoints[0] as { verified: boolean; message?: string };
}

test('a breakpoint with a condition stops the guest only where the condition holds, forwards and backwards', async (t) => {
  const dap = await atEntry(t);
  assert.equal((await setOnLine(dap, WRITE_LINE, { condition: 'block == 3' })).verified, true);
  const positions: number[] = [];
  for (let i = 0; i < 2; i++) {
    assert.equal((await dap.until('continue')).reason, 'breakpoint');
    assert.equal(await dap.evaluate('block'), '3');
    positions.push(dap.place.position as number);
  }
  await dap.until('reverseContinue');
  assert.equal(dap.place.position, positions[0]);
  assert.equal(await dap.evaluate('block'), '3');
});

longTest('function, instruction and data breakpoints can have conditions too', async (t) => {
  const dap = await atEntry(t);
  await dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'blocks_write', condition: 'block == 4' }] });
  assert.equal((await dap.until('continue')).reason, 'function breakpoint');
  assert.equal(await dap.evaluate('block'), '4');
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  await dap.request('setFunctionBreakpoints', { breakpoints: [] });
  await dap.request('setInstructionBreakpoints', {
    breakpoints: [{ instructionReference: stackFrames[0].instructionPointerReference, condition: '$a0 == 5' }],
  });
  assert.equal((await dap.until('continue')).reason, 'instruction breakpoint');
  assert.equal(await dap.evaluate('$a0'), '5');
  await dap.request('setInstructionBreakpoints', { breakpoints: [] });
  const { dataId } = await dap.request('dataBreakpointInfo', { name: 'store.superblock.entry_count' });
  const set = await dap.request('setDataBreakpoints', {
    breakpoints: [{ dataId, accessType: 'write', condition: 'store.superblock.entry_count == 20' }],
  });
  assert.deepEqual([set.breakpoints[0].verified, set.breakpoints[0].message], [true, undefined]);
  assert.equal((await dap.until('continue')).reason, 'data breakpoint');
  assert.equal(await dap.evaluate('store.superblock.entry_count'), '20');
});

longTest(
  'an invalid condition, hit condition or log message is rejected, and the message names the column of the error',
  async (t) => {
    const dap = await atEntry(t);
    for (const [details, sentence] of [
      [{ condition: 'block ==' }, /^Invalid condition "block ==" at column \d+: /],
      [{ condition: 'no_such_name > 1' }, /^Invalid condition .*no_such_name/],
      [{ hitCondition: '> x' }, /^Invalid hit condition "> x" at column 3: /],
      [{ logMessage: 'at {block' }, /^Invalid log message "at \{block" at column 4: /],
    ] as const) {
      const { verified, message } = await setOnLine(dap, WRITE_LINE, details);
      assert.equal(verified, false, JSON.stringify(details));
      assert.match(message!, sentence);
    }
    const { breakpoints } = await dap.request('setFunctionBreakpoints', {
      breakpoints: [{ name: 'blocks_write', condition: '(' }],
    });
    assert.equal(breakpoints[0].verified, false);
    assert.equal((await dap.until('continue')).description, 'The guest reported failure with code 1', 'none was set');
  },
);

longTest(
  'a breakpoint whose condition cannot be evaluated stops the guest, and the stop event gives the reason',
  async (t) => {
    const dap = await atEntry(t);
    const { verified } = await setOnLine(dap, WRITE_LINE, { condition: '*(char *)block == 1' });
    assert.equal(verified, true);
    const stop = await dap.until('continue');
    assert.equal(stop.reason, 'breakpoint');
    assert.match(stop.text as string, /^The condition "\*\(char \*\)block == 1" cannot be evaluated: /);
  },
);

longTest('an exception breakpoint stops only at traps for which its condition holds', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { kernel: guest('small/traps'), drives: [] }), () =>
    dap.request('setExceptionBreakpoints', {
      filters: [],
      filterOptions: [{ filterId: 'illegalInstruction', condition: '$tval != 0' }],
    }),
  );
  await dap.event('stopped');
  const { description } = await dap.request('exceptionInfo', { threadId: 1 });
  assert.match(description as string, /^Value \(tval\): 0x[1-9a-f]/m);
});
