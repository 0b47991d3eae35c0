import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workplace } from '../support/cli.ts';
import { DapClient, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';

/** A kernel and several of its programs, which all have their code at the same addresses. */
const PROGRAMS = ['sh', 'sum', 'primes', 'spin'];

test('the symbols of a program apply where it is what is in memory', async (t) => {
  const place = new Workplace(t);
  const dap = new DapClient(t);
  await dap.start(launchOf(place), () => setBreakpoints(dap));
  await type(dap, 'sum 3\nprimes 30\nspin 2\npoweroff\n');
  const stops = [];
  for (let stop = await dap.event('stopped'); stop.reason === 'breakpoint'; stop = await dap.until('continue')) {
    stops.push(await shown(dap));
  }
  assert.deepEqual(stops, ['sum.c main argc = 2', 'primes.c main argc = 2']);
  assert.equal((await dap.until('reverseContinue')).reason, 'breakpoint');
  assert.equal(await shown(dap), 'primes.c main argc = 2');
  assert.equal((await dap.until('next')).reason, 'step');
  assert.match(await shown(dap), /^primes\.c main/);
  await dap.until('reverseContinue');
  await dap.until('reverseContinue');
  assert.equal(await shown(dap), 'sum.c main argc = 2');
  await dap.leave();

  // The kernel's symbols come with the recording.
  const { kernel: _, ...launch } = launchOf(place);
  const replay = new DapClient(t);
  await replay.start({ ...launch, rr: 'replay' }, () =>
    replay.request('setFunctionBreakpoints', { breakpoints: [{ name: 'sys_sbrk' }] }),
  );
  await replay.event('stopped');
  const { stackFrames } = await replay.request('stackTrace', { threadId: 1 });
  assert.equal(stackFrames[0].name, 'sys_sbrk');
  await replay.request('setFunctionBreakpoints', { breakpoints: [{ name: 'console_read' }] });
  await replay.until('reverseContinue');
  const frame = await replay.topFrame();
  assert.deepEqual([frame.name, frame.source?.path], ['console_read', source('kernel/console.c')]);
});

function launchOf(place: Workplace) {
  const drives = [{ id: 'hd0', image: place.disk('disk.img'), format: 'raw', overlay: 'hd0.qcow2' }];
  const symbols = PROGRAMS.map((name) => guest(`kernel/user/${name}`));
  const kernel = guest('kernel/oslet');
  return { rr: 'record', rrfile: 'a.rr', cwd: place.folder, kernel, drives, symbols };
}

async function setBreakpoints(dap: DapClient): Promise<void> {
  for (const [name, line] of [
    ['sum', 6],
    ['primes', 5],
  ] as const) {
    const path = source(`kernel/user/${name}.c`);
    const { breakpoints } = await dap.request('setBreakpoints', { source: { path }, breakpoints: [{ line }] });
    assert.equal(breakpoints[0].verified, true);
  }
}

async function shown(dap: DapClient): Promise<string> {
  const { name, source: file } = await dap.topFrame();
  return `${file?.path.split('/').at(-1)} ${name} argc = ${await dap.evaluate('argc')}`;
}

const type = (dap: DapClient, text: string) => dap.request('blkreplay/consoleInput', { base64: btoa(text) });
