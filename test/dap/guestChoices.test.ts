import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RNG_SEED, Workplace } from '../support/cli.ts';
import { DapClient } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';

/** What launch.json says of a guest's surroundings: semihosting, resets, and the seed of its random numbers. */
test('a semihosting guest prints to the terminal, reads what is typed and files of the workspace', async (t) => {
  const place = new Workplace(t);
  place.write('data.txt', 'one\ntwo\n');
  const launch = { ...launchOf(place, 'semihosting/semihosting'), append: 'keys cat=data.txt cat=../x exit=07' };
  const dap = new DapClient(t);
  await started(dap, { ...launch, semihosting: true, console: 'terminal' });
  await dap.untilTerminal('exit=07\n');
  await dap.type('ab');
  await dap.untilTerminal('<a><b>');
  await dap.type('\n');
  const { description } = await dap.event('stopped');
  assert.equal(description, 'The guest reported failure, code 7');
  assert.match(dap.terminal, /<\|>\ndata\.txt: handle 1, 8 bytes\none\ntwo\nclose 0, .*\n\.\.\/x: error 13\n$/);
  // What was printed in one step is not printed again by looking back.
  const said = dap.terminal;
  await dap.request('reverseContinue', { threadId: 1 });
  await dap.event('stopped');
  await dap.request('continue', { threadId: 1 });
  await dap.event('stopped');
  assert.equal(dap.terminal, said);
});

test('a guest that resets the machine stops there with "noReboot", and its seed is the one that is given', async (t) => {
  const place = new Workplace(t);
  const launch = { ...launchOf(place, 'small/reset'), noReboot: true, rngSeed: RNG_SEED };
  const drives = [{ id: 'hd0', image: place.disk('disk.img'), format: 'raw', overlay: 'hd0.qcow2' }];
  const dap = new DapClient(t);
  await started(dap, { ...launch, drives });
  assert.equal((await dap.event('stopped')).description, 'The guest asked for a reset');
  await dap.request('disconnect');
  const { machine, end } = JSON.parse((await place.cli(['info', 'a.rr', '--json'])).console);
  assert.deepEqual([machine.noReboot, machine.rngSeed, end.reason], [true, RNG_SEED, 'reset']);
});

const launchOf = (place: Workplace, name: string) => ({
  ...{ rr: 'record', rrfile: 'a.rr', cwd: place.folder },
  kernel: guest(name),
});

async function started(dap: DapClient, launch: object): Promise<void> {
  await dap.request('initialize', { adapterID: 'blkreplay' });
  await dap.request('launch', launch);
  await dap.request('configurationDone');
}
