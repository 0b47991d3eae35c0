/** A large kernel is indexed in advance, even if its debug information is only in a recording or in another file. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { writeBigElf } from '../bench/support/bigElf.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

const UNITS = 120;

longTest('the kernel in a recording is indexed even if the kernel file no longer exists', async (t) => {
  const sandbox = new Sandbox(t);
  const kernel = sandbox.path('kernel.elf');
  writeBigElf(kernel, { units: UNITS, sharedTypes: 300, functionsPerUnit: 2, aranges: true });
  // The generated units compress so well that, without random bytes, the recording would be too small for its kernel to
  // be indexed in advance.
  appendFileSync(kernel, randomBytes(200_000));
  const recording = { cwd: sandbox.path('.'), rrfile: sandbox.path('a.rr') };
  await stopIn(t, sandbox.path('first'), { ...recording, rr: 'record', kernel });
  assert.equal(indexesIn(sandbox.path('first')).length, 1);
  rmSync(kernel);
  await stopIn(t, sandbox.path('second'), { ...recording, rr: 'replay' });
  assert.deepEqual(indexesIn(sandbox.path('second')), indexesIn(sandbox.path('first')));
});

test('the separate debug file of a stripped kernel is indexed', async (t) => {
  const sandbox = new Sandbox(t);
  const shape = { units: UNITS, sharedTypes: 300, functionsPerUnit: 2, buildId: new Uint8Array(20).fill(0xab) };
  const kernel = sandbox.path('kernel.elf');
  writeBigElf(kernel, { ...shape, hasDebugInfo: false });
  const folder = sandbox.path('.build-id/ab');
  mkdirSync(folder, { recursive: true });
  writeBigElf(path.join(folder, `${'ab'.repeat(19)}.debug`), shape);
  await stopIn(t, sandbox.path('cache'), { cwd: sandbox.path('.'), rr: 'off', kernel });
  assert.match(indexesIn(sandbox.path('cache')).join(), /^(ab){20}-\w+\.index$/);
});

/** Runs a session to a breakpoint on a function in the last unit. */
async function stopIn(t: TestContext, cache: string, launch: object): Promise<void> {
  const dap = new DapClient(t, { env: { ...process.env, XDG_CACHE_HOME: cache } });
  await dap.request('initialize', { adapterID: 'blkreplay', linesStartAt1: true, columnsStartAt1: true });
  await dap.request('launch', { idle: 'warp', ...launch });
  const { breakpoints } = await dap.request('setFunctionBreakpoints', {
    breakpoints: [{ name: `work_${UNITS - 1}_0` }],
  });
  assert.equal(breakpoints[0].verified, true);
  await dap.request('configurationDone');
  await dap.event('stopped');
  await dap.leave();
}

function indexesIn(cache: string): string[] {
  const folder = path.join(cache, 'blkreplay/symbols');
  return existsSync(folder) ? readdirSync(folder) : [];
}
