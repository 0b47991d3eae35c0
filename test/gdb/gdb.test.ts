import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Workplace } from '../support/cli.ts';
import { guest } from '../support/guests.ts';
import { requireTool } from '../support/tools.ts';
import { GDB, runGdb, serve, sessionIn } from './gdbSupport.ts';

/** gdb-multiarch by hand, as a user would type it. */

test('in gdb: run to the failure, watch the spoiled field, reverse-continue to the write', async (t) => {
  if (!requireTool(GDB, t)) return;
  const place = new Workplace(t);
  const { running, port } = await serve(t, place, ['record', ...sessionIn(place, guest('demo/demo'))]);
  const said = await runGdb({
    elf: guest('demo/demo'),
    port,
    commands: [
      ...['continue', 'print store.superblock.entry_count', 'watch store.superblock.entry_count', 'reverse-continue'],
      ...['print level', 'frame', 'reverse-step', 'reverse-next', 'next', 'detach'],
    ],
  });
  assert.match(said, /No more reverse-execution history/, 'the end is told of, and the machine is still there');
  const [, damaged] = /\$1 = (\d+)/.exec(said)!;
  // gdb's old value is the one it saw before: backwards, that is the later one.
  assert.match(said, new RegExp(`Old value = ${damaged}\nNew value = \\d+\n.*statistics_sample .*statistics\\.c:18`));
  assert.match(said, /\$2 = 8\n/, 'one level more than there are');
  (await running.end).ended(1, 'guestFailed');
});

test('in gdb: CSRs, the privilege, memory and what cannot be written', async (t) => {
  if (!requireTool(GDB, t)) return;
  const place = new Workplace(t);
  const { running, port } = await serve(t, place, ['run', '--kernel', guest('small/sv39')]);
  const said = await runGdb({
    elf: guest('small/sv39'),
    port,
    commands: [
      ...['info registers pc misa priv', 'x/2i $pc', 'set var $a0 = 5', 'set var *(int *) 0x80000000 = 1'],
      ...['print *(int *) 0x10000000', 'reverse-stepi', 'monitor position', 'monitor goto 5', 'kill'],
    ],
  });
  assert.match(said, /pc +0x80000000/);
  assert.match(said, /misa +0x800000000014112d/);
  assert.match(said, /priv +0x3\s+prv:3 \[Machine\]/);
  assert.match(said, /Cannot access memory at address 0x10000000/, 'devices are not read: that would change them');
  assert.match(said, /does not support this command|not recorded/);
  (await running.end).ended(130, 'interrupted');
});
