/** gdb sees each hart as a thread; all of them run together, and a step moves the selected one.
 *
 * Thread n is hart n - 1.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { openSymbols } from '../../debug-adapter/engine/index.ts';
import { stageOf } from '../engine/timeline/travelSupport.ts';
import { Sandbox } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';
import { Conversation } from './conversation.ts';
import { GDB, runGdb, serve } from './gdbSupport.ts';

const HARTS = { kernel: 'test/guests/harts/harts.elf', diskBytes: 1 << 20 };
const PC = 32;

/** Runs a machine with two harts until hart 0 is in the middle of `count_own`. Hart 1 is in the same function. */
async function withTwoHarts(t: TestContext) {
  const stage = stageOf(HARTS, t);
  stage.setup.harts = 2;
  const gdb = new Conversation(stage.record(), t);
  const { machine } = gdb.session.target;
  const { low } = openSymbols({ name: HARTS.kernel, bytes: readFileSync(HARTS.kernel) }).functionsNamed('count_own')[0];
  const at = `Z1,${low.toString(16)},2`;
  assert.equal(await gdb.ask(at), 'OK');
  for (let harts = 0; harts < 2; harts++) assert.match(await gdb.ask('c'), /^T05/);
  assert.equal(await gdb.ask(at.replace('Z', 'z')), 'OK');
  while (machine.currentHart !== 0) gdb.session.target.advance(machine.quantum.end);
  gdb.session.target.advance(gdb.session.position + 100);
  assert.equal(machine.currentHart, 0);
  const pcOf = (hart: number) => gdb.session.target.inspect(hart).pc;
  const instructionsOf = (hart: number) => machine.instructionsOf(hart);
  return { gdb, machine, pcOf, instructionsOf };
}

/** A 64-bit value in the format of the reply to `p20`. */
function wordOf(value: bigint): string {
  return value.toString(16).padStart(16, '0').match(/../g)!.reverse().join('');
}

test('threads are listed, are reported as alive, and are inspected one at a time', async (t) => {
  const { gdb, pcOf } = await withTwoHarts(t);
  assert.equal(await gdb.ask('qfThreadInfo'), 'm01,02');
  assert.equal(await gdb.ask('qsThreadInfo'), 'l');
  assert.deepEqual([await gdb.ask('T1'), await gdb.ask('T02')], ['OK', 'OK']);
  for (const nobody of ['T0', 'T3', 'Tx', 'Hg3', 'Hc3', 'Hgx', 'vCont;s:3', 'vCont;s:x'])
    assert.match(await gdb.ask(nobody), /^E/, nobody);
  assert.match(await gdb.ask('?'), /^T\d\dthread:01;/);
  assert.equal(await gdb.ask('Hg2'), 'OK');
  assert.equal(await gdb.ask('qC'), 'QC02');
  assert.equal(await gdb.ask(`p${PC.toString(16)}`), wordOf(pcOf(1)));
  assert.ok((await gdb.ask('g')).endsWith(wordOf(pcOf(1))));
  assert.equal(await gdb.ask('G'.padEnd(1 + 33 * 16, '0')), 'E16', 'only the hart whose step is next can be written');
  assert.equal(await gdb.ask('Hg0'), 'OK', 'any thread: the selection stays');
  assert.equal(await gdb.ask('qC'), 'QC02');
  assert.equal(await gdb.ask('Hg1'), 'OK');
  assert.equal(await gdb.ask(`p${PC.toString(16)}`), wordOf(pcOf(0)));
});

test('a step moves the named thread, in both directions', async (t) => {
  const { gdb, machine, instructionsOf } = await withTwoHarts(t);
  const start = gdb.session.position;
  const before = instructionsOf(1);
  assert.match(await gdb.ask('vCont;s:2;c'), /^T05thread:02;/);
  assert.deepEqual([machine.currentHart, instructionsOf(1)], [1, before + 1]);
  assert.ok(gdb.session.position > start + 1, 'hart 0 ran for the rest of its quantum');
  assert.equal(await gdb.ask('Hc2'), 'OK');
  assert.match(await gdb.ask('bs'), /^T05thread:02;/);
  assert.equal(instructionsOf(1), before);
  // The position is now just before hart 1's quantum. From there, gdb steps hart 0 back.
  const ofHart0 = instructionsOf(0);
  assert.equal(await gdb.ask('Hc1'), 'OK');
  assert.match(await gdb.ask('bs'), /^T05thread:01;/);
  assert.deepEqual([machine.currentHart, instructionsOf(0)], [0, ofHart0 - 1]);
  assert.match(await gdb.ask('s'), /^T05thread:01;/);
  assert.equal(instructionsOf(0), ofHart0);
  assert.equal(await gdb.ask('Hc-1'), 'OK');
  assert.match(await gdb.ask('s'), /^T05/);
});

test('a breakpoint on the first instruction of another thread’s quantum stops a step across that quantum', async (t) => {
  const { gdb, machine, pcOf, instructionsOf } = await withTwoHarts(t);
  gdb.session.target.advance(machine.quantum.end - 1);
  assert.equal(machine.currentHart, 0);
  const others = pcOf(1);
  const retired = instructionsOf(1);
  assert.equal(await gdb.ask(`Z1,${others.toString(16)},2`), 'OK');
  assert.match(await gdb.ask('vCont;s:1;c'), /^T05thread:02;/);
  assert.deepEqual([machine.currentHart, pcOf(1), instructionsOf(1)], [1, others, retired]);
  assert.match(await gdb.ask('vCont;s:2;c'), /^T05thread:02;/, 'a step from there continues past it');
  assert.equal(instructionsOf(1), retired + 1);
});

test('in gdb: thread 2 is stepped in both directions while thread 1 is the one that stopped', async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const options = ['--kernel', guest('harts/harts'), '--rrfile', 'a.rr', '--harts', '2'];
  const { port } = await serve(t, sandbox, ['record', ...options]);
  const counted = 'printf "@ %lx\\n", $minstret';
  const output = await runGdb({
    elf: guest('harts/harts'),
    port,
    commands: [
      // With the Linux OS ABI, gdb steps by setting its own breakpoints, which the other hart would hit. Without an OS
      // ABI, gdb requests single steps from the server.
      ...[
        'set osabi none',
        'break count_own',
        'continue',
        'continue',
        'delete',
        'info threads',
        'thread 1',
        'stepi 20',
      ],
      ...[
        'thread 2',
        'stepi 20',
        counted,
        'stepi',
        counted,
        'reverse-stepi',
        counted,
        'thread 1',
        'stepi',
        'info threads',
      ],
    ],
  });
  const counts = [...output.matchAll(/^@ ([0-9a-f]+)$/gm)].map(([, digits]) => BigInt(`0x${digits}`));
  assert.deepEqual(counts, [counts[0], counts[0] + 1n, counts[0]], output);
  assert.match(output, /\* 1 +Thread 1/, output);
});
