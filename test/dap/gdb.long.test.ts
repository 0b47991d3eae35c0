/** With `gdbServer`, gdb and the editor share one session, and only one of them controls the machine at a time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GDB, runGdb } from '../gdb/gdbSupport.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, demoLaunch } from '../support/dapClient.ts';
import { GdbClient } from '../support/gdbClient.ts';
import { guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';

test('the editor shows each run and stop that gdb causes, and only one of the two can run the machine at a time', async (t) => {
  const dap = new DapClient(t);
  const gdb = await GdbClient.connect(await started(dap, demoLaunch(new Sandbox(t), { stopOnEntry: true })));
  await dap.event('stopped');
  assert.match(await gdb.ask('?'), /^T05/);
  await dap.request('setFunctionBreakpoints', { breakpoints: [{ name: 'store_open' }] });
  assert.match(await gdb.ask('c'), /^T05/);
  await dap.event('continued');
  assert.equal((await dap.event('stopped')).reason, 'function breakpoint');
  assert.equal((await dap.topFrame()).name, 'store_open');
  assert.equal((await dap.until('next')).reason, 'step');

  await dap.request('setFunctionBreakpoints', { breakpoints: [] });
  gdb.send('c');
  await dap.event('continued');
  assert.match(await dap.refused('next', { threadId: 1 }), /is running\. Pause it first/);
  await dap.request('pause', { threadId: 1 });
  assert.match(await gdb.reply(), /^T0[25]/);
  await dap.event('stopped');

  await dap.until('blkreplay/goTo', { position: 1000 });
  await dap.request('continue', { threadId: 1 });
  assert.equal(await gdb.ask('m80000000,4'), 'E.The editor is running the machine. Pause it there first.');
  await dap.request('pause', { threadId: 1 });
  await dap.event('stopped');
  assert.match(await gdb.ask('m80000000,4'), /^[0-9a-f]{8}$/);
  assert.equal(await gdb.ask('D'), 'OK');
  await gdb.whenClosed();
  assert.equal((await dap.until('stepBack')).reason, 'step', 'the editor owns the run');
  assert.equal(await dap.leave(), 0);
  assert.equal(dap.stderr, '');
});

test('connecting gdb stops the machine, and so does losing the connection during a run', async (t) => {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  const port = await started(dap, demoLaunch(sandbox));
  const gdb = await GdbClient.connect(port);
  assert.match(await gdb.ask('?'), /^T0[25]/);
  assert.equal((await dap.event('stopped')).reason, 'pause');
  gdb.send('c');
  await dap.event('continued');
  gdb.break();
  await dap.event('stopped');
  const again = await GdbClient.connect(port);
  assert.match(await again.ask('bc'), /replaylog:begin/);
  assert.equal((await dap.event('stopped')).description, 'Beginning of recording');
  // If the editor disconnects while gdb is running the machine, the recording must still be complete.
  again.send('c');
  await dap.event('continued');
  await dap.request('disconnect');
  assert.equal(await dap.exited, 0);
  const replay = new DapClient(t);
  await replay.start(demoLaunch(sandbox, { rr: 'replay' }));
  assert.equal((await replay.event('stopped')).description, 'End of recording');
});

test("gdb's reverse packets are rejected if the session is not recorded, and the editor can still run the machine", async (t) => {
  const dap = new DapClient(t);
  const port = await started(dap, demoLaunch(new Sandbox(t), { rr: 'off', stopOnEntry: true }));
  await dap.event('stopped');
  const gdb = await GdbClient.connect(port);
  for (const packet of ['bc', 'bs']) assert.match(await gdb.ask(packet), /^E\.This run is not recorded/);
  assert.equal((await dap.until('stepIn')).reason, 'step');
  assert.match(await gdb.ask('s'), /^T05/);
});

test('a port in use is rejected before any file is created', async (t) => {
  const first = new DapClient(t);
  const port = await started(first, demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  const launch = demoLaunch(sandbox, { gdbServer: port });
  assert.match(await dap.refused('launch', launch), new RegExp(`^Port ${port} is in use by another program`));
  assert.equal(sandbox.exists('demo.rr'), false);
  assert.match(
    await dap.refused('launch', demoLaunch(sandbox, { gdbServer: 70000 })),
    /70000 for "gdbServer" .* 65535/,
  );
  await dap.request('launch', demoLaunch(sandbox));
});

test('gdb-multiarch works alongside the editor', async (t) => {
  if (!requireTool(GDB, t)) return;
  const dap = new DapClient(t);
  const port = await started(dap, demoLaunch(new Sandbox(t), { stopOnEntry: true }));
  await dap.event('stopped');
  const commands = ['break statistics_sample', 'continue', 'next', 'reverse-step', 'detach'];
  const printed = await runGdb({ elf: guest('demo/demo'), port, commands });
  assert.match(printed, /Breakpoint 1, statistics_sample/);
  assert.match((await dap.topFrame()).name, /^\w+$/);
  assert.equal((await dap.until('stepIn')).reason.length > 0, true);
});

/** Launches a session with a gdb server and returns the server's port. */
async function started(dap: DapClient, launch: object): Promise<number> {
  await dap.start({ ...launch, gdbServer: 0 });
  const printed = dap.events.flatMap(({ event, body }) => (event === 'output' ? [body.output as string] : []));
  return Number(/gdb server on 127\.0\.0\.1:(\d+)/.exec(printed.join(''))![1]);
}
