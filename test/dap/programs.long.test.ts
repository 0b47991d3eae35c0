/** If several programs use the same addresses, the symbols of each program apply only while it is in memory. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { stripped } from '../support/changedElf.ts';
import { Sandbox } from '../support/cli.ts';
import { DapClient, source } from '../support/dapClient.ts';
import { guest } from '../support/guests.ts';

/** The kernel guest's user programs, all of which have their code at the same addresses. */
const PROGRAMS = ['sh', 'sum', 'primes', 'spin'];

for (const isStripped of [false, true]) {
  const what = isStripped ? ", with the kernel's symbols in a separate file" : '';
  test(`a program's symbols apply only while it is in memory${what}`, (t) => followsPrograms(t, isStripped));
}

async function followsPrograms(t: TestContext, isStripped: boolean): Promise<void> {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.start(launchOf(sandbox, isStripped), () => setBreakpoints(dap));
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

  // The kernel's symbols come from the recording.
  const { kernel: _, ...launch } = launchOf(sandbox, isStripped);
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
  await replay.leave();
}

function launchOf(sandbox: Sandbox, isStripped: boolean) {
  const drives = [{ id: 'hd0', image: sandbox.disk('disk.img'), format: 'raw', overlay: 'hd0.qcow2' }];
  const programs = PROGRAMS.map((name) => guest(`kernel/user/${name}`));
  const full = guest('kernel/oslet');
  const kernel = isStripped ? sandbox.write('oslet.elf', stripped(readFileSync(full))) : full;
  const symbols = isStripped ? [...programs, full] : programs;
  return { rr: 'record', rrfile: 'a.rr', cwd: sandbox.folder, kernel, drives, symbols };
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
