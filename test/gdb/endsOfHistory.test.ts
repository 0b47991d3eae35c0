/** gdb can continue from the start or end of history, even if it is at a breakpoint there. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO, stageOf } from '../engine/timeline/travelSupport.ts';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';
import { Conversation } from './conversation.ts';
import { GDB, runGdb, serve, sessionIn } from './gdbSupport.ts';

/** A stop reply without a reason: the program counter follows directly. */
const STEP = /^T05thread:01;20:/;

test('gdb can resume the machine after a step over a breakpoint that ends at the start or end of history', async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const options = sessionIn(sandbox, guest('demo/demo'));
  const { position: end } = (await sandbox.cli(['record', ...options, '--json'])).summary;
  const { port } = await serve(t, sandbox, ['replay', ...options]);
  const moves = [
    ...['continue', 'reverse-stepi', 'break *$pc', 'stepi', 'break *$pc', 'reverse-continue', 'continue'],
    ...['continue', 'continue', 'stepi'],
    ...[
      'reverse-continue',
      'delete',
      'reverse-continue',
      'break *$pc',
      'stepi',
      'reverse-continue',
      'reverse-continue',
      'reverse-stepi',
      'continue',
    ],
  ];
  const commands = ['set osabi none', ...moves.flatMap((move) => [move, 'monitor position']), 'kill'];
  const output = await runGdb({ elf: guest('demo/demo'), port, commands, timeoutMs: 30_000 });
  const positions = (output.match(/^\d+$/gm) ?? []).map(Number);
  const atEnd = [end, end - 1, end - 1, end, end, end - 1, end, end, end, end];
  assert.deepEqual(positions, [...atEnd, end - 1, end - 1, 0, 0, 1, 0, 0, 0, end], output);
});

test('a step that reaches an end of history is a step, and the next one reports the end', async (t) => {
  const gdb = new Conversation(stageOf(DEMO, t).record(), t);
  assert.equal(await gdb.ask('Z0,80000008,4'), 'OK');
  await gdb.ask('vCont;s:1');
  assert.match(await gdb.ask('bs'), STEP);
  assert.match(await gdb.ask('bs'), /replaylog:begin;/);
  await gdb.ask('z0,80000008,4');
  await gdb.ask('c');
  const { position: end } = gdb.session;
  await gdb.ask('bs');
  assert.match(await gdb.ask('vCont;s:1'), STEP);
  assert.equal(gdb.session.position, end);
  assert.match(await gdb.ask('vCont;r0,ffffffffffffffff:1'), /replaylog:end;/);
});

test('where gdb has removed a breakpoint, the first step of each command is a step even if it cannot move', async (t) => {
  const gdb = new Conversation(stageOf(DEMO, t).record(), t);
  for (const kind of ['0', '1']) {
    assert.equal(await gdb.ask(`Z${kind},80000000,4`), 'OK');
    assert.match(await gdb.ask('bs'), /replaylog:begin;/);
    assert.equal(await gdb.ask(`z${kind},80000000,4`), 'OK');
    for (let command = 0; command < 3; command++) {
      assert.match(await gdb.ask('bs'), STEP);
      assert.match(await gdb.ask('bs'), /replaylog:begin;/, 'the same command requests another step');
      assert.equal(await gdb.ask('qfThreadInfo'), 'm01');
    }
    assert.equal(gdb.session.position, 0);
  }
});
