/** New launch configurations name a kernel and disk found in the workspace. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseLaunch } from '../support/launch.ts';
import {
  ELF_HEAD_BYTES,
  isBootableElf,
  sortByLikelihood,
  recordAndReplay,
  recordEach,
} from '../../extension/configuration/templates.ts';
import { buildTasksFor, existingBuildTask, tasksJson } from '../../extension/configuration/buildTasks.ts';
import { guest } from '../support/guests.ts';

const { posix, win32 } = path;

test('the record and replay templates differ in only one word, apart from their names', () => {
  const found = { kernels: ['/w/out/kernel.elf'], disks: ['/w/disk.img'] };
  const [record, replay] = recordAndReplay(posix, '/w', found);
  assert.deepEqual({ ...record, name: '', rr: '' }, { ...replay, name: '', rr: '' });
  assert.deepEqual([record.rr, replay.rr], ['record', 'replay']);
  assert.deepEqual(record, {
    ...{ type: 'blkreplay', request: 'launch', name: 'Record kernel', rr: 'record' },
    ...{ rrfile: '${workspaceFolder}/.blkreplay/kernel.rr', kernel: '${workspaceFolder}/out/kernel.elf' },
    drives: [
      {
        ...{ id: 'hd0', image: '${workspaceFolder}/disk.img', format: 'raw' },
        overlay: '${workspaceFolder}/.blkreplay/kernel-hd0.qcow2',
      },
    ],
  });
  parseLaunch(record);
  parseLaunch(replay);
});

test('if no kernel or disk is found, the template contains a placeholder for the kernel and no drives', () => {
  const [record] = recordAndReplay(posix, '/w', { kernels: [], disks: [] });
  assert.equal(record.kernel, '${workspaceFolder}/kernel.elf');
  assert.ok(!('drives' in record));
  assert.deepEqual(recordEach(posix, '/w', { kernels: [], disks: [] }), []);
});

test('on Windows, templates name files relative to the workspace if they are in it', () => {
  const found = { kernels: ['C:\\w\\fw.elf'], disks: ['D:\\disk.qcow2'] };
  const [record] = recordEach(win32, 'C:\\w', found);
  assert.equal(record.kernel, '${workspaceFolder}/fw.elf');
  assert.deepEqual(
    (record.drives as { image: string; format: string }[]).map(({ image, format }) => [image, format]),
    [['D:\\disk.qcow2', 'qcow2']],
  );
});

test('only programs for 64-bit RISC-V are offered', () => {
  const head = new Uint8Array(readFileSync(guest('demo/demo')).subarray(0, ELF_HEAD_BYTES));
  assert.ok(isBootableElf(head));
  const changed = (at: number, value: number) => Uint8Array.from(head, (byte, i) => (i === at ? value : byte));
  assert.ok(!isBootableElf(changed(18, 0x3e)), 'for another processor');
  assert.ok(!isBootableElf(changed(4, 1)), '32 bits');
  assert.ok(!isBootableElf(changed(16, 1)), 'an object file');
  assert.ok(!isBootableElf(head.subarray(0, 12)));
  assert.ok(!isBootableElf(new Uint8Array(0)));
});

test('files named like kernels come first, then less deeply nested files', () => {
  const files = ['/w/user/deep/sh.elf', '/w/user/ls.elf', '/w/build/kernel.elf'];
  assert.deepEqual(sortByLikelihood(posix, files), ['/w/build/kernel.elf', '/w/user/ls.elf', '/w/user/deep/sh.elf']);
});

test("a kernel's file name whose end looks like an address is escaped, so that all of it is treated as a name", () => {
  const [record] = recordAndReplay(posix, '/w', { kernels: ['/w/kernel@5'], disks: [] });
  assert.equal(record.kernel, '${workspaceFolder}/kernel@@5');
});

test('a folder with a Makefile, Cargo.toml or CMakeLists.txt has tasks that build it', () => {
  const commands = (...files: string[]) => buildTasksFor(files).map(({ command }) => command);
  assert.deepEqual(commands('kernel.c', 'Makefile'), ['make']);
  assert.deepEqual(commands('GNUmakefile'), ['make']);
  assert.deepEqual(commands('Cargo.toml', 'src'), ['cargo build']);
  assert.deepEqual(commands('CMakeLists.txt'), ['cmake -S . -B build', 'cmake --build build']);
  assert.deepEqual(commands('Makefile.am', 'kernel.elf'), []);
  const { tasks } = JSON.parse(tasksJson(buildTasksFor(['CMakeLists.txt'])));
  assert.deepEqual(tasks[1].dependsOn, [tasks[0].label]);
  assert.equal(existingBuildTask(tasks), 'build', 'preLaunchTask names this task');
});

test('an existing tasks.json is used if it has a build task', () => {
  const test = { label: 'test', group: 'test' };
  const [first, preferred] = [
    { label: 'all', group: 'build' },
    { label: 'kernel', group: { kind: 'build', isDefault: true } },
  ];
  assert.equal(existingBuildTask([test, first, preferred]), 'kernel');
  assert.equal(existingBuildTask([test, first]), 'all');
  assert.equal(existingBuildTask([test, { group: 'build' }, null, 5]), undefined);
  assert.equal(existingBuildTask(undefined), undefined);
});
