/** Images that QEMU is writing to are not read, and images that QEMU is reading are not written to. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { lockFiles } from '../../debug-adapter/host/fileLock.ts';
import { requireTool, runTool } from '../support/tools.ts';

const QEMU: [what: string, options: (file: string) => string[], reads: boolean, writes: boolean][] = [
  ['qemu-io', (file) => ['qemu-io', '-f', 'raw', file], false, false],
  ['a writing qemu-system-riscv64', (file) => machine(`file=${file},format=raw`), false, false],
  [
    'a qemu-system-riscv64 that permits other writers',
    (file) => machine(`file=${file},format=raw`, ',share-rw=on'),
    false,
    false,
  ],
  ['a reading qemu-system-riscv64', (file) => machine(`file=${file},format=raw,readonly=on`), true, false],
];

for (const [what, options, reads, writes] of QEMU) {
  test(
    `access to an image that is open in ${what} is denied unless both only read it`,
    { skip: process.platform !== 'linux' },
    async (t) => {
      const [tool, ...args] = options(imageIn(t));
      if (!requireTool(tool, t)) return;
      const file = imageIn(t);
      const child = spawn(
        tool,
        args.map((word) => word.replace(/[^=]*hd0\.img/, (found) => found && file)),
        {
          stdio: ['pipe', 'pipe', 'inherit'],
        },
      );
      t.after(() => child.kill('SIGKILL'));
      await isOpen(child);
      const pid = child.pid!;
      expectLock(file, 'base', reads, pid);
      expectLock(file, 'reads', reads, pid);
      expectLock(file, 'writes', writes, pid);
      await ended(child);
      for (const use of ['base', 'reads', 'writes'] as const) lockFiles([{ path: file, use }], 'testing').release();
      assert.deepEqual(fs.readdirSync(path.dirname(file)), ['hd0.img']);
    },
  );
}

function expectLock(file: string, use: 'base' | 'reads' | 'writes', isFree: boolean, pid: number): void {
  const lock = () => lockFiles([{ path: file, use }], 'testing').release();
  if (isFree) return lock();
  assert.throws(lock, (error: Error & { code: string }) => {
    assert.equal(error.code, 'image-in-qemu');
    const says = new RegExp(
      `^\\S+hd0\\.img is open (for writing )?in QEMU \\(process ${pid}\\)\\. Quit QEMU first, or use a copy`,
    );
    assert.match(error.message, says);
    return true;
  });
}

/** A QEMU command with a monitor on stdio, which accepts commands once the drive is open. */
function machine(drive: string, device = ''): string[] {
  const base = ['qemu-system-riscv64', '-M', 'virt', '-m', '16M', '-display', 'none', '-S', '-bios', 'none'];
  const disk = ['-drive', `if=none,id=d,${drive}`, '-device', `virtio-blk-device,drive=d${device}`];
  return [...base, '-serial', 'none', ...disk, '-monitor', 'stdio'];
}

/** Waits until the image is open. Once it is, qemu-io prints a prompt, and QEMU's monitor answers the command. */
async function isOpen(child: { stdin: Writable; stdout: Readable }): Promise<void> {
  let output = '';
  child.stdin.write('info block\n');
  while (!/qemu-io>|hd0\.img/.test(output)) output += String((await once(child.stdout, 'data'))[0]);
}

function imageIn(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-test-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'hd0.img');
  runTool('truncate', ['-s', '1M', file]);
  return file;
}

async function ended(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
