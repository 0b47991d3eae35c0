/** Debugger writes at the live end become part of the recording; everywhere else they are rejected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { longTest } from '../support/extent.ts';

const FIXED = /Recorded history cannot be changed/;

test('the replay reproduces writes to variables, registers and memory at the live end, including writes by expressions', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(demoLaunch(sandbox), () => breakAt(dap, 'statistics_sample'));
  await dap.event('stopped');
  const frame = await dap.topFrame();
  const { scopes } = await dap.request('scopes', { frameId: frame.id });
  const [locals, , registers, csrs] = scopes.map((one: { variablesReference: number }) => one.variablesReference);

  await dap.request('setVariable', { variablesReference: locals, name: 'level', value: '2 + 1' });
  assert.equal(await dap.evaluate('level'), '3');
  await dap.request('setExpression', { expression: 'statistics->busy_ticks', value: '77', frameId: frame.id });
  assert.equal(await dap.evaluate('statistics->busy_ticks'), '77');
  const typed = await dap.request('evaluate', { expression: 'statistics->idle_ticks = 78', context: 'repl' });
  assert.equal(typed.result, '78');
  const set = await dap.request('setVariable', { variablesReference: registers, name: 's11', value: '-2' });
  assert.equal(set.value, '0xfffffffffffffffe');
  assert.equal(await dap.evaluate('$s11'), '-2');
  const address = /0x[0-9a-f]+/.exec(await dap.evaluate('&statistics->last_seen_us[7]'))![0];
  const data = Buffer.from([1, 2, 3, 4]).toString('base64');
  assert.equal((await dap.request('writeMemory', { memoryReference: address, data })).bytesWritten, 4);
  assert.equal((await dap.request('readMemory', { memoryReference: address, count: 4 })).data, data);

  assert.match(
    await dap.refused('setVariable', { variablesReference: csrs, name: 'satp', value: '1' }),
    /is neither in memory nor in a register/,
  );
  assert.match(
    await dap.refused('setVariable', { variablesReference: registers, name: 'zero', value: '1' }),
    /is neither in memory nor in a register/,
  );
  assert.match(
    await dap.refused('setVariable', { variablesReference: registers, name: 'a0', value: 'nobody' }),
    /no variable, function or enumerator "nobody" here/,
  );
  assert.match(await dap.refused('writeMemory', { memoryReference: '0x0', data }), /no RAM is currently mapped/);
  assert.match(await dap.refused('writeMemory', { memoryReference: address, data: '?' }), /expected base64 data/);
  assert.match(
    await dap.refused('evaluate', { expression: 'level = 1', context: 'watch' }),
    /Type the assignment in the Debug Console/,
  );

  await dap.until('stepBack', { threadId: 1, granularity: 'instruction' });
  assert.match(
    await dap.refused('evaluate', { expression: 'store.superblock.entry_count = 1', context: 'repl' }),
    FIXED,
  );
  assert.match(await dap.refused('writeMemory', { memoryReference: address, data }), FIXED);
  await dap.leave();

  const replay = new DapClient(t);
  await replay.start(demoLaunch(sandbox, { rr: 'replay' }));
  assert.equal((await replay.event('stopped')).description, 'End of recording');
  assert.equal((await replay.request('readMemory', { memoryReference: address, count: 4 })).data, data);
  assert.match(await replay.refused('writeMemory', { memoryReference: address, data }), FIXED);
});

longTest('a client with memory event support is notified of writes', async (t) => {
  const dap = new DapClient(t);
  await dap.start(demoLaunch(new Sandbox(t), { stopOnEntry: true }), undefined, {
    supportsInvalidatedEvent: true,
    supportsMemoryEvent: true,
  });
  await dap.event('stopped');
  await dap.request('evaluate', { expression: '*(int *)0x80010000 = 5', context: 'repl' });
  assert.deepEqual(await dap.event('invalidated'), { areas: ['all'] });
  assert.deepEqual(await dap.event('memory'), { memoryReference: '0x80010000', offset: 0, count: 4 });
});

const breakAt = (dap: DapClient, name: string) => dap.request('setFunctionBreakpoints', { breakpoints: [{ name }] });
