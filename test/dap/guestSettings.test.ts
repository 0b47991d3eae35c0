/** The launch settings for semihosting, resets and the random seed take effect in the guest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RNG_SEED, Sandbox } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';
import { longTest } from '../support/extent.ts';

test('a semihosting guest prints to the terminal, reads typed input and reads workspace files', async (t) => {
  const sandbox = new Sandbox(t);
  sandbox.write('data.txt', 'one\ntwo\n');
  const launch = { ...launchOf(sandbox, 'semihosting/semihosting'), append: 'keys cat=data.txt cat=../x exit=07' };
  const dap = new DapClient(t);
  await started(dap, { ...launch, semihosting: true, console: 'terminal' });
  await dap.untilTerminal('exit=07\n');
  await dap.type('ab');
  await dap.untilTerminal('<a><b>');
  await dap.type('\n');
  const { description } = await dap.event('stopped');
  assert.equal(description, 'The guest reported failure with code 7');
  assert.match(dap.terminal, /<\|>\ndata\.txt: handle 1, 8 bytes\none\ntwo\nclose 0, .*\n\.\.\/x: error 13\n$/);
  // Output is not printed again when the guest is stepped back and then forward.
  const output = dap.terminal;
  await dap.request('reverseContinue', { threadId: 1 });
  await dap.event('stopped');
  await dap.request('continue', { threadId: 1 });
  await dap.event('stopped');
  assert.equal(dap.terminal, output);
});

longTest(
  'with "noReboot" the session stops when the guest resets, and "rngSeed" sets the guest\'s random seed',
  async (t) => {
    const sandbox = new Sandbox(t);
    const launch = { ...launchOf(sandbox, 'small/reset'), noReboot: true, rngSeed: RNG_SEED };
    const drives = [{ id: 'hd0', image: sandbox.disk('disk.img'), format: 'raw', overlay: 'hd0.qcow2' }];
    const dap = new DapClient(t);
    await started(dap, { ...launch, drives });
    assert.equal((await dap.event('stopped')).description, 'The guest requested a reset');
    await dap.request('disconnect');
    const { machine, end } = JSON.parse((await sandbox.cli(['info', 'a.rr', '--json'])).console);
    assert.deepEqual([machine.noReboot, machine.rngSeed, end.reason], [true, RNG_SEED, 'reset']);
  },
);

const launchOf = (sandbox: Sandbox, name: string) => ({
  ...{ rr: 'record', rrfile: 'a.rr', cwd: sandbox.folder },
  kernel: guest(name),
});

async function started(dap: DapClient, launch: object): Promise<void> {
  await dap.request('initialize', { adapterID: 'blkreplay' });
  await dap.request('launch', launch);
  await dap.request('configurationDone');
}
