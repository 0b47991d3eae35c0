/** Inlined function bodies appear as frames in the call stack. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { DapClient, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

test('inlined bodies are shown as stack frames, each with its own variables', async (t) => {
  const dap = new DapClient(t);
  const path = source('walks/inlines.c');
  await dap.start({ rr: 'off', idle: 'warp', kernel: guest('walks/inlines') }, () =>
    dap.request('setBreakpoints', { source: { path }, breakpoints: [{ line: 22 }] }),
  );
  await dap.event('stopped');
  const { stackFrames } = await dap.request('stackTrace', { threadId: 1 });
  assert.deepEqual(
    stackFrames.slice(0, 2).map(({ name, line }: { name: string; line: number }) => [name, line]),
    [
      ['put', 22],
      ['fill', 46],
    ],
  );
  assert.equal(stackFrames[0].instructionPointerReference, stackFrames[1].instructionPointerReference);
  assert.deepEqual(await localsOf(dap, stackFrames[0].id), ['byte']);
  assert.deepEqual((await localsOf(dap, stackFrames[1].id)).sort(), ['i', 'refused', 'seed']);
});

/** The first `count` stops at a breakpoint on a line of the inlined function `take`. */
async function stopsInTake(t: TestContext, hitCondition: string, count: number) {
  const dap = new DapClient(t);
  const breakpoints = [{ line: 31, hitCondition }];
  await dap.start({ rr: 'off', idle: 'warp', kernel: guest('walks/inlines') }, () =>
    dap.request('setBreakpoints', { source: { path: source('walks/inlines.c') }, breakpoints }),
  );
  const stops: { position: unknown; address: string; description: unknown }[] = [];
  for (let i = 0; i < count; i++) {
    const { description } = i === 0 ? await dap.event('stopped') : await dap.until('continue');
    const { stackFrames } = await dap.request('stackTrace', { threadId: 1, levels: 1 });
    const address = stackFrames[0].instructionPointerReference;
    stops.push({ position: dap.place.position, address, description });
  }
  return { stops, changes: dap.events.filter(({ event }) => event === 'breakpoint') };
}

longTest('a breakpoint in an inlined function has one hit count for all of its addresses', async (t) => {
  const { stops: all, changes } = await stopsInTake(t, '>= 1', 24);
  assert.ok(new Set(all.map(({ address }) => address)).size > 1, 'the guest reaches several addresses');
  const messages = changes.map(({ body }) => body.breakpoint.message);
  assert.deepEqual(messages.slice(0, 4), ['0 hits', '1 hit', '2 hits', '3 hits'], 'each number is reported once');
  const { stops } = await stopsInTake(t, '% 8', 3);
  assert.deepEqual(stops, [all[7], all[15], all[23]]);
  assert.equal(stops[1].description, 'Breakpoint, hit 16');
});

async function localsOf(dap: DapClient, frameId: number): Promise<string[]> {
  const { scopes } = await dap.request('scopes', { frameId });
  const { variables } = await dap.request('variables', { variablesReference: scopes[0].variablesReference });
  return variables.map(({ name }: { name: string }) => name);
}
