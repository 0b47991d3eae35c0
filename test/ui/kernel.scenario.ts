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
  await workbench.openFile('syscall.c');
  await workbench.startConfiguration(KERNEL);
  await workbench.until('the shell asks', async () => /\$\s*$/.test(await workbench.terminalText()));
  await workbench.typeIntoTerminal('writeblk 7 the quick brown fox\n');
  await workbench.until('block 7 is written', async () => /block 7 written/.test(await workbench.terminalText()));
  await workbench.typeIntoTerminal('readblk 7\n');
  await workbench.until('it reads', async () => /block 7: "the quick brown fox"/.test(await workbench.terminalText()));
  await workbench.screenshot('kernel-1-typed');

  await workbench.typeIntoTerminal('poweroff 3\n');
  await workbench.waitUntilStopped('The guest reported failure with code 3');
  const recorded = await findWrite(workbench, 'kernel-2-record');
  await workbench.command('blkreplay: Take Snapshot');
  await workbench.answer('before the write');
  for (const unused of ['Watch', 'Variables']) await workbench.togglePane(unused, 'closed');
  await workbench.togglePane('Overlays', 'open');
  await workbench.treeRow('Overlays', 'before the write').waitFor();
  await workbench.screenshot('kernel-3-snapshot');
  await workbench.stopDebugging();
  for (const used of ['Watch', 'Variables']) await workbench.togglePane(used, 'open');
  await workbench.command('Remove All Breakpoints');

  await workbench.openFile('launch.json');
  await workbench.replaceWord('"record"', 'replay', 1);
  await workbench.startReplay();
  await workbench.waitUntilStopped('The guest reported failure with code 3');
  assert.match(await workbench.terminalText(), /block 7: "the quick brown fox"/, 'the typed input is in the recording');
  assert.deepEqual(await findWrite(workbench, 'kernel-4-replay'), recorded, 'the same position and values');
  await workbench.stopDebugging();
});

/** Goes back from the end to the latest disk transfer, and then to the transfer before it, which is the write. */
async function findWrite(workbench: Workbench, screenshotName: string): Promise<object> {
  await workbench.openFile('syscall.c');
  await workbench.toggleBreakpoint(WRITES.line);
  await workbench.press('Reverse');
  await workbench.waitUntilAt(WRITES);
  assert.equal(await workbench.variableValue('Locals', 'write'), 'false', 'the latest transfer is by readblk');
  const readAt = await workbench.placeText();
  await workbench.press('Reverse');
  await workbench.until('an earlier place', async () => (await workbench.placeText()) !== readAt);
  await workbench.waitUntilAt(WRITES);
  await workbench.until('it is the write', async () => (await local(workbench, 'write')) === 'true');
  assert.equal(await local(workbench, 'block'), '7');
  await workbench.screenshot(`${screenshotName}-write`);
  const text = position(await workbench.placeText());
  await workbench.press('Step Back');
  await workbench.until('a step back', async () => position(await workbench.placeText()) !== text);
  await workbench.screenshot(`${screenshotName}-step-back`);
  assert.deepEqual(await workbench.notifications(), [], 'VS Code showed no error');
  return { readAt: position(readAt), text, before: position(await workbench.placeText()) };
}

const local = (workbench: Workbench, name: string) => workbench.variableValue('Locals', name);
const position = (text: string) => /[\d,]+ · \d+% · [\d,.]+ s/.exec(text)![0];
