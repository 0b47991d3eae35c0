/** "Break on Value Change" works on the registers and CSRs in their scopes, except for x0 and the pc. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

async function atEntry(t: TestContext): Promise<DapClient> {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { kernel: guest('small/timer'), drives: [], stopOnEntry: true }));
  await dap.event('stopped');
  return dap;
}

/** The adapter's response to `dataBreakpointInfo` for a register in a scope. */
async function infoOf(dap: DapClient, scope: string, name: string) {
  const { id: frameId } = await dap.topFrame();
  const { scopes } = await dap.request('scopes', { frameId });
  const { variablesReference } = scopes.find((one: { name: string }) => one.name === scope);
  return dap.request('dataBreakpointInfo', { variablesReference, name });
}

test('a breakpoint on a CSR stops at each change of its value, in both directions', async (t) => {
  const dap = await atEntry(t);
  const { dataId, accessTypes } = await infoOf(dap, 'CSRs', 'mtvec');
  assert.deepEqual(accessTypes, ['write']);
  await dap.request('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'write' }] });
  const stop = await dap.until('continue');
  assert.equal(stop.reason, 'data breakpoint');
  const [, value] = /^mtvec changed: 0x0 -> (0x[0-9a-f]+)$/.exec(stop.description as string)!;
  assert.equal(await dap.evaluate('$mtvec == ' + value), '1');
  await dap.until('continue');
  await dap.until('reverseContinue');
  assert.equal((await dap.until('reverseContinue')).description, stop.description);
});

longTest('a breakpoint on an integer register stops at its next change', async (t) => {
  const dap = await atEntry(t);
  const { dataId } = await infoOf(dap, 'Registers', 'sp');
  const before = await dap.evaluate('$sp');
  await dap.request('setDataBreakpoints', { breakpoints: [{ dataId }] });
  assert.match((await dap.until('continue')).description as string, /^sp changed: 0x0 -> 0x[0-9a-f]+$/);
  assert.notEqual(await dap.evaluate('$sp'), before);
});

test('x0, the pc and other names cannot be watched, and registers cannot be watched for reads', async (t) => {
  const dap = await atEntry(t);
  for (const [scope, name, reason] of [
    ['Registers', 'pc', /changes with every step/],
    ['Registers', 'zero', /is not a register whose value can change/],
    ['CSRs', 'privilege', /is not a register whose value can change/],
  ] as const) {
    const { dataId, description } = await infoOf(dap, scope, name);
    assert.equal(dataId, null);
    assert.match(description as string, reason);
  }
  const { dataId } = await infoOf(dap, 'Floating point', 'fa0');
  const refused = await dap.refused('setDataBreakpoints', { breakpoints: [{ dataId, accessType: 'read' }] });
  assert.match(refused, /"accessType" .* expected write/);
});
