/** The adapter rejects bad requests without ending the session, and exits when its client disconnects. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

test('a request that is not valid in the current state is rejected, and the session continues', async (t) => {
  const dap = new DapClient(t);
  const launch = demoLaunch(new Sandbox(t), { stopOnEntry: true });
  assert.match(await dap.refused('launch', launch), /must come after the initialize request/);
  const capabilities = await dap.request('initialize', { adapterID: 'blkreplay' });
  assert.equal(capabilities.supportsStepBack, true);
  assert.equal(capabilities.supportsDisassembleRequest, true);
  assert.match(await dap.refused('initialize', {}), /already/);
  assert.match(await dap.refused('configurationDone'), /must come after the launch request/);
  assert.match(await dap.refused('stackTrace', { threadId: 1 }), /must come after the launch request/);
  await dap.request('launch', launch);
  assert.match(await dap.refused('launch', launch), /already/);
  assert.match(await dap.refused('continue', { threadId: 1 }), /must come after the configurationDone request/);
  await dap.request('configurationDone');
  await dap.event('stopped');
  assert.match(await dap.refused('configurationDone'), /already/);
  await dap.request('pause', { threadId: 1 });
  assert.equal((await dap.until('stepIn')).reason, 'step');
});

test('a malformed request is rejected, and the session continues', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const malformed: [string, unknown, RegExp][] = [
    ['nonsense', {}, /Unknown request "nonsense"/],
    ['constructor', {}, /Unknown request "constructor"/],
    ['setBreakpoints', undefined, /"source" .* expected an object/],
    ['setBreakpoints', { source: { path: 'a.c' }, breakpoints: [{ line: 'x' }] }, /"line" .* expected an integer/],
    ['setBreakpoints', { source: { path: 'a.c' }, breakpoints: 3 }, /"breakpoints" .* expected a list/],
    ['setBreakpoints', { source: { path: 'a.c' }, breakpoints: [null] }, /"breakpoints\[0\]" .* expected an object/],
    ['setInstructionBreakpoints', { breakpoints: [{ instructionReference: 'here' }] }, /expected an address/],
    ['scopes', {}, /"frameId"/],
    ['scopes', { frameId: 12345 }, /earlier stop/],
    ['variables', { variablesReference: 12345 }, /earlier stop/],
    ['evaluate', { expression: 5 }, /"expression" .* expected a string/],
    ['evaluate', { expression: '1 +' }, /Expected .* before/],
    [
      'evaluate',
      { expression: 'store.superblock.entry_count = 1' },
      /Expressions evaluated here cannot modify the guest/,
    ],
    ['readMemory', { memoryReference: '0x80000000', count: -1 }, /"count" .* expected/],
    ['next', { threadId: 1, granularity: 'page' }, /"granularity" .* expected/],
  ];
  for (const [command, args, sentence] of malformed) {
    assert.match(await dap.refused(command, args), sentence, `${command} ${JSON.stringify(args)}`);
  }
  assert.equal((await dap.send(undefined)).success, false);
  for (const text of ['{', 'null', '5', '[]', '{"type":"request"}', '{"type":"response","request_seq":99}']) {
    dap.write(text);
  }
  assert.equal(await dap.evaluate('1 + 1'), '2');
  assert.equal(dap.stderr, '');
});

longTest('an argument that needs an unannounced capability is rejected, unless its value has no effect', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const threadId = 1;
  for (const [command, args, capability] of [
    ['stackTrace', { threadId, format: { hex: true } }, 'supportsValueFormattingOptions'],
    ['continue', { threadId, singleThread: true }, 'supportsSingleThreadExecutionRequests'],
    ['stepIn', { threadId, targetId: 1 }, 'supportsStepInTargetsRequest'],
    ['setBreakpoints', { source: { path: 'a.c' }, breakpoints: [{ line: 1, mode: 'hardware' }] }, 'breakpointModes'],
  ] as const) {
    assert.match(await dap.refused(command, args), new RegExp(`does not announce ${capability}`));
  }
  assert.equal((await dap.until('stepIn', { threadId, singleThread: false, targetId: null })).reason, 'step');
  await dap.request('stackTrace', { threadId, format: {} });
});

longTest(
  'for a frame of an earlier stop, there are no scopes and no variables, and other requests are rejected',
  async (t) => {
    const dap = new DapClient(t);
    await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
    await dap.event('stopped');
    const { id: frameId } = await dap.topFrame();
    const { scopes } = await dap.request('scopes', { frameId });
    const { variablesReference } = scopes[0];
    await dap.until('stepIn');
    assert.deepEqual(await dap.request('scopes', { frameId }), { scopes: [] });
    assert.deepEqual(await dap.request('variables', { variablesReference }), { variables: [] });
    assert.match(await dap.refused('evaluate', { expression: '1', frameId }), /earlier stop/);
  },
);

test('the adapter exits when the client disconnects, before or during a session', async (t) => {
  const idle = new DapClient(t);
  assert.equal(await idle.leave(), 0);
  const busy = new DapClient(t);
  await busy.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  assert.equal(await busy.leave(), 0);
  assert.equal(busy.stderr, '');
});

longTest(
  'the adapter exits when its output pipe is closed, and the recording can be replayed',
  { timeout: 60_000 },
  async (t) => {
    const sandbox = new Sandbox(t);
    const dap = new DapClient(t);
    const launch = demoLaunch(sandbox, { stopOnEntry: true });
    await dap.start(launch);
    await dap.event('stopped');
    dap.stopListening();
    // No response can be sent. The adapter tries to send two more responses after the first failure.
    for (const command of ['threads', 'stackTrace', 'threads']) void dap.send(command, { threadId: 1 }).catch(() => {});
    assert.equal(await dap.exited, 0);
    const replay = new DapClient(t);
    await replay.start({ ...launch, rr: 'replay' });
    assert.equal((await replay.event('stopped')).reason, 'entry');
  },
);
