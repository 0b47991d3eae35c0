/** `--gdb PORT` serves gdb over TCP without changing the recording, and handles lost connections. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RNG_SEED, Sandbox } from '../support/cli.ts';
import { expected, guest, maskDemo } from '../support/guests.ts';
import { makeElf } from '../support/elf.ts';
import { GdbClient } from '../support/gdbClient.ts';
import { serve, sessionIn } from './gdbSupport.ts';

test('a recording under gdb equals a recording without gdb: the positions are the same, and the console output is printed once', async (t) => {
  const sandbox = new Sandbox(t);
  const plain = new Sandbox(t);
  const seed = ['--rng-seed', RNG_SEED];
  const alone = (await plain.cli(['record', ...sessionIn(plain, guest('demo/demo')), ...seed, '--json'])).ended(
    1,
    'guestFailed',
  );
  const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('demo/demo')), ...seed]);
  const gdb = await GdbClient.connect(port);
  assert.match(await gdb.ask('c'), /^T05.*replaylog:end;/);
  assert.match(await gdb.ask('bc'), /^T05.*replaylog:begin;/);
  assert.equal(await gdb.ask('D'), 'OK');
  const outcome = await running.end;
  const { position, digest } = outcome.ended(1, 'guestFailed');
  assert.deepEqual({ position, digest }, { position: alone.position, digest: alone.digest });
  assert.equal(maskDemo(outcome.console), maskDemo(expected('demo/demo').console));
  (await sandbox.cli(['replay', ...sessionIn(sandbox, guest('demo/demo')), '--json'])).ended(1, 'guestFailed');
});

test('with --stop-at, the machine is at the given position when gdb connects', async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo'), '--stop-at', '1000']);
  const gdb = await GdbClient.connect(port);
  assert.equal(Buffer.from(await gdb.ask('qRcmd,706f736974696f6e'), 'hex').toString(), '1000\n');
});

test('a lost connection, even during a run, closes the recording as interrupted', async (t) => {
  const sandbox = new Sandbox(t);
  const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('endless/endless'))]);
  const gdb = await GdbClient.connect(port);
  gdb.send('c');
  await running.untilPrinted('round 1:');
  gdb.break();
  const { position } = (await running.end).ended(130, 'interrupted');
  const replayed = await sandbox.cli(['replay', ...sessionIn(sandbox, guest('endless/endless')), '--json']);
  assert.equal(replayed.ended(0, 'endOfRecording').position, position);
});

test('kill, and ctrl-c while blkreplay is waiting for gdb, close the recording properly', async (t) => {
  for (const how of ['kill', 'ctrl-c'] as const) {
    const sandbox = new Sandbox(t);
    const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('demo/demo'))]);
    if (how === 'kill') (await GdbClient.connect(port)).send('k');
    else running.kill('SIGINT');
    (await running.end).ended(130, 'interrupted');
  }
});

test('an interrupt stops a guest that never reads input', async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', spinningGuest(sandbox)]);
  const gdb = await GdbClient.connect(port);
  gdb.send('c');
  await new Promise((resolve) => setTimeout(resolve, 300));
  const asked = performance.now();
  gdb.interrupt();
  assert.match(await gdb.reply(), /^T02/);
  const tookMs = performance.now() - asked;
  t.diagnostic(`stopped after ${tookMs.toFixed(0)} ms`);
  assert.ok(tookMs < 1000, `${tookMs} ms`);
});

test('a second client is rejected, which does not affect the first one', async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo')]);
  const first = await GdbClient.connect(port);
  assert.equal(await first.ask('qC'), 'QC01');
  await (await GdbClient.connect(port)).whenClosed();
  assert.equal(await first.ask('qC'), 'QC01');
});

test('a port in use is rejected in one sentence', async (t) => {
  const sandbox = new Sandbox(t);
  const { port } = await serve(t, sandbox, ['run', '--kernel', guest('demo/demo')]);
  const outcome = await sandbox.cli(['run', '--kernel', guest('demo/demo'), '--gdb', String(port), '--json']);
  const { code, message } = outcome.refused(2);
  assert.equal(code, 'gdb-port-in-use');
  assert.match(message, new RegExp(`^Port ${port} is in use`));
});

function spinningGuest(sandbox: Sandbox): string {
  return sandbox.write('spin.elf', makeElf());
}
