/** Inlined function bodies appear as frames in the call stack. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DapClient, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';

test('inlined bodies are stack frames, each with its own variables', async (t) => {
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

async function localsOf(dap: DapClient, frameId: number): Promise<string[]> {
  const { scopes } = await dap.request('scopes', { frameId });
  const { variables } = await dap.request('variables', { variablesReference: scopes[0].variablesReference });
  return variables.map(({ name }: { name: string }) => name);
}
