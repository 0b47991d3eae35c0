/** gdb-multiarch debugs the demo in both directions with the commands a user would type. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sandbox } from '../support/cli.ts';
import { DEMO } from '../support/demoWalk.ts';
import { expected, guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';
import { GDB, runGdb, serve, sessionIn } from './gdbSupport.ts';
import { longTest } from '../support/extent.ts';

const IN_CULPRIT = `${DEMO.functionName} .*${DEMO.file}:`;

test('in gdb: run to the failure, watch the corrupted field, reverse-continue to the write', async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('demo/demo'))]);
  const output = await runGdb({
    elf: guest('demo/demo'),
    port,
    commands: [
      ...['continue', `print ${DEMO.field}`, `watch ${DEMO.field}`, 'reverse-continue'],
      ...['print level', 'frame', 'reverse-step', 'reverse-next', 'next', 'detach'],
    ],
  });
  assert.match(output, /No more reverse-execution history/, 'the end is reported, and the machine still exists');
  const [, damaged] = /\$1 = (\d+)/.exec(output)!;
  // gdb's "old value" is the value that gdb read at the previous stop. In a backward run, this is the value after
  // the write.
  assert.match(output, new RegExp(`Old value = ${damaged}\nNew value = \\d+\n.*${IN_CULPRIT}${DEMO.line}`));
  assert.match(output, new RegExp(`\\$2 = ${DEMO.level}\n`), 'one level more than exists');
  (await running.end).ended(1, 'guestFailed');
});

longTest(
  'in gdb: the complete demo, from the failure message back to the first write that corrupted the field',
  async (t) => {
    if (!requireTool(GDB, t)) return;
    const sandbox = new Sandbox(t);
    const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, guest('demo/demo'))]);
    const [, counted] = /entry_count is # but (\d+) entries are live/.exec(expected('demo/demo').console)!;
    const script = sandbox.write(
      'story.gdb',
      `continue
    watch -l ${DEMO.field}
    reverse-continue
    set $writes = 1
    while ${DEMO.field} != ${counted} && $writes < 100
      reverse-continue
      set $writes = $writes + 1
    end
    backtrace 2
    print statistics->last_seen_us[level] == ${DEMO.field}
    print &statistics->last_seen_us[level] == &${DEMO.field}
    print level == sizeof statistics->last_seen_us / sizeof statistics->last_seen_us[0]
    reverse-step
    reverse-step
    frame
    continue
    detach
    `,
    );
    const output = await runGdb({ elf: guest('demo/demo'), port, commands: [`source ${sandbox.path(script)}`] });
    assert.match(output, /No more reverse-execution history/);
    const writes = [
      ...output.matchAll(new RegExp(`Old value = (\\d+)\nNew value = (\\d+)\n.*${IN_CULPRIT}(\\d+)`, 'g')),
    ];
    assert.ok(writes.length >= 2, output);
    // When gdb runs backwards, its "new value" is the value before the write. The last stop is at the same write,
    // reached by running forwards again.
    const culprit = writes.at(-2)!;
    const [, spoiled, before, line] = culprit;
    assert.deepEqual([before, Number(line)], [counted, DEMO.line]);
    assert.match(output, new RegExp(`#0 +.*${IN_CULPRIT}${DEMO.line}\n#1 .*timer_interrupt`));
    assert.match(
      output,
      /\$\d+ = 1\n\$\d+ = 1\n\$\d+ = 1\n/,
      'the same value at the same address, one level more than exists',
    );
    assert.deepEqual(writes.at(-1)!.slice(1, 3), [before, spoiled], 'running forwards finds the same write');
    (await running.end).ended(1, 'guestFailed');
  },
);

test('in gdb: CSRs, the privilege level and RAM are accessible, device registers are not', async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const { running, port } = await serve(t, sandbox, ['run', '--kernel', guest('small/sv39')]);
  const output = await runGdb({
    elf: guest('small/sv39'),
    port,
    commands: [
      ...['info registers pc misa priv fa0 fcsr', 'x/2i $pc', 'set var $a0 = 5', 'set var *(int *) 0x80000000 = 1'],
      ...['print *(int *) 0x10000000', 'reverse-stepi', 'monitor position', 'monitor goto 5', 'kill'],
    ],
  });
  assert.match(output, /pc +0x80000000/);
  assert.match(output, /misa +0x800000000014112d\s+RV64ACDFIMSU/);
  assert.match(output, /fa0 .*\(raw 0x0000000000000000\)/);
  assert.match(output, /fcsr +0x0/);
  assert.match(output, /priv +0x3\s+prv:3 \[Machine\]/);
  assert.match(
    output,
    /Cannot access memory at address 0x10000000/,
    'devices are not read, since that would change them',
  );
  assert.match(output, /does not support this command|not recorded/);
  (await running.end).ended(130, 'interrupted');
});

longTest('in gdb: variables and registers set while recording are replayed', async (t) => {
  if (!requireTool(GDB, t)) return;
  const sandbox = new Sandbox(t);
  const elf = guest('demo/demo');
  const { running, port } = await serve(t, sandbox, ['record', ...sessionIn(sandbox, elf)]);
  const output = await runGdb({
    elf,
    port,
    commands: [
      ...['break journal_checkpoint', 'continue', 'set var store.statistics.ticks = 12345', 'set var $a0 = 1'],
      ...['print store.statistics.ticks', 'print $a0', 'reverse-stepi', 'set var $a0 = 2', 'print $a0'],
      ...['set var store.statistics.ticks = 3', 'print store.statistics.ticks', 'delete', 'continue', 'detach'],
    ],
  });
  assert.match(output, /\$1 = 12345\n\$2 = 1\n/);
  assert.match(output, /Recorded history cannot be changed/);
  assert.match(output, /\$3 = [^2]/, 'history is unchanged');
  const { position, digest } = (await running.end).ended(1, 'guestFailed');
  const replayed = (await sandbox.cli(['replay', ...sessionIn(sandbox, elf), '--json'])).ended(1, 'guestFailed');
  assert.deepEqual({ position: replayed.position, digest: replayed.digest }, { position, digest });
});
