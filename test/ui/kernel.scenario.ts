/** In VS Code, a user goes back to the kernel's system call that wrote a disk block, in a recording and in a replay. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openSample } from './scenario.ts';
import type { Workbench } from './workbench.ts';

/**
 * A supervisor-mode kernel runs a shell that takes input from the terminal. A backward run from the end to a
 * breakpoint in a system call finds where a disk block was written, first while recording and then in a replay.
 */
const KERNEL = 'Kernel: interactive shell';
const WRITES = { name: 'call_block', file: 'syscall.c', line: 52 };

test('the kernel: typed commands, then running back to a breakpoint in a system call; the same input in a replay', async (t) => {
  const { workbench } = await openSample(t);
  await workbench.editor.open('syscall.c');
  await workbench.debugging.startConfiguration(KERNEL);
  await workbench.until('the shell asks', async () => /\$\s*$/.test(await workbench.terminal.text()));
  await workbench.terminal.type('writeblk 7 the quick brown fox\n');
  await workbench.until('block 7 is written', async () => /block 7 written/.test(await workbench.terminal.text()));
  await workbench.terminal.type('readblk 7\n');
  await workbench.until('it reads', async () => /block 7: "the quick brown fox"/.test(await workbench.terminal.text()));
  await workbench.screenshot('kernel-1-typed');

  await workbench.terminal.type('poweroff 3\n');
  await workbench.debugging.waitUntilStopped('The guest reported failure with code 3');
  const recorded = await findWrite(workbench, 'kernel-2-record');
  await workbench.command('blkreplay: Take Snapshot');
  await workbench.answer('before the write');
  for (const unused of ['Watch', 'Variables']) await workbench.sideBar.togglePane(unused, 'closed');
  await workbench.sideBar.togglePane('Overlays', 'open');
  await workbench.sideBar.treeRow('Overlays', 'before the write').waitFor();
  await workbench.screenshot('kernel-3-snapshot');
  await workbench.debugging.stop();
  for (const used of ['Watch', 'Variables']) await workbench.sideBar.togglePane(used, 'open');
  await workbench.command('Remove All Breakpoints');

  await workbench.editor.open('launch.json');
  await workbench.editor.replaceWord('"record"', 'replay', 1);
  await workbench.debugging.startReplay();
  await workbench.debugging.waitUntilStopped('The guest reported failure with code 3');
  assert.match(
    await workbench.terminal.text(),
    /block 7: "the quick brown fox"/,
    'the typed input is in the recording',
  );
  assert.deepEqual(await findWrite(workbench, 'kernel-4-replay'), recorded, 'the same position and values');
  await workbench.debugging.stop();
});

/** Goes back from the end to the latest disk transfer, and then to the transfer before it, which is the write. */
async function findWrite(workbench: Workbench, screenshotName: string): Promise<object> {
  await workbench.editor.open('syscall.c');
  await workbench.editor.toggleBreakpoint(WRITES.line);
  await workbench.debugging.press('Reverse');
  await workbench.debugging.waitUntilAt(WRITES);
  assert.equal(await workbench.variables.value('Locals', 'write'), 'false', 'the latest transfer is by readblk');
  const readAt = await workbench.debugging.positionText();
  await workbench.debugging.press('Reverse');
  await workbench.until('an earlier place', async () => (await workbench.debugging.positionText()) !== readAt);
  await workbench.debugging.waitUntilAt(WRITES);
  await workbench.until('it is the write', async () => (await local(workbench, 'write')) === 'true');
  assert.equal(await local(workbench, 'block'), '7');
  await workbench.screenshot(`${screenshotName}-write`);
  const text = position(await workbench.debugging.positionText());
  await workbench.debugging.press('Step Back');
  await workbench.until('a step back', async () => position(await workbench.debugging.positionText()) !== text);
  await workbench.screenshot(`${screenshotName}-step-back`);
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  return { readAt: position(readAt), text, before: position(await workbench.debugging.positionText()) };
}

const local = (workbench: Workbench, name: string) => workbench.variables.value('Locals', name);
const position = (text: string) => /[\d,]+ · \d+% · [\d,.]+ s/.exec(text)![0];
