/** Files that a symbol file refers to are found even if the build folder was moved, but only in allowed folders. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { CompanionFiles } from '../../../debug-adapter/engine/session/companionFiles.ts';
import type { CompanionRequest } from '../../../debug-adapter/engine/symbols/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

interface Folder {
  /** Returns the path of the companion file, relative to the folder; undefined if no file was found. */
  find(request: CompanionRequest, options?: { symbolPaths?: string[]; workspace?: string }): string | undefined;
  path(name: string): string;
  notices: string[];
}

/** Creates a folder that contains a program at build/out/kernel.elf and the given files. */
function folderWith(t: TestContext, files: readonly string[]): Folder {
  const root = temporaryFolder(t);
  const notices: string[] = [];
  for (const name of ['build/out/kernel.elf', ...files]) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), name);
  }
  return {
    find(request, { symbolPaths = [], workspace } = {}) {
      const inRoot = (folder: string) => path.join(root, folder);
      const folders = { symbolPaths: symbolPaths.map(inRoot), workspace: workspace && inRoot(workspace) };
      const companions = new CompanionFiles(nodeHost, folders, ({ code }) => notices.push(code));
      const found = companions.of(inRoot('build/out/kernel.elf'), 'kernel.elf')(request, () => true);
      return found && path.relative(root, found.name);
    },
    path: (name) => path.join(root, name),
    notices,
  };
}

const split = (name: string, compDir = '/nowhere/build'): CompanionRequest => ({ kind: 'split', name, compDir });

test('a .dwo file is found in the build folder, and next to the program if the build folder has moved', (t) => {
  const folder = folderWith(t, ['build/obj/a.dwo', 'build/out/obj/b.dwo', 'build/out/c.dwo', 'dwo/d.dwo']);
  const inWorkspace = { workspace: 'build' };
  assert.equal(folder.find(split('obj/a.dwo', folder.path('build')), inWorkspace), 'build/obj/a.dwo');
  assert.equal(folder.find(split(folder.path('build/obj/a.dwo')), inWorkspace), 'build/obj/a.dwo');
  assert.equal(folder.find(split('obj/a.dwo', '.'), inWorkspace), 'build/obj/a.dwo', 'relative to a parent folder');
  assert.equal(folder.find(split('obj/b.dwo')), 'build/out/obj/b.dwo');
  assert.equal(folder.find(split('deep/obj/c.dwo')), 'build/out/c.dwo');
  assert.equal(folder.find(split('C:\\build\\c.dwo', 'C:\\build')), 'build/out/c.dwo');
  assert.equal(folder.find(split('/elsewhere/d.dwo'), { symbolPaths: ['dwo'] }), 'dwo/d.dwo');
  assert.deepEqual(folder.notices, []);
});

test('a .dwp package is found next to the program or in a folder of symbolPaths', (t) => {
  const folder = folderWith(t, ['dwo/kernel.elf.dwp']);
  assert.equal(folder.find({ kind: 'package' }), undefined);
  assert.equal(folder.find({ kind: 'package' }, { symbolPaths: ['dwo'] }), 'dwo/kernel.elf.dwp');
  fs.writeFileSync(folder.path('build/out/kernel.elf.dwp'), '');
  assert.equal(folder.find({ kind: 'package' }, { symbolPaths: ['dwo'] }), 'build/out/kernel.elf.dwp');
});

test('a supplementary file is found by its name and by its ID', (t) => {
  const folder = folderWith(t, ['build/common.debug', 'debug/.build-id/ab/cd.debug']);
  const request: CompanionRequest = { kind: 'supplementary', name: '../common.debug', buildId: 'abcd' };
  assert.equal(folder.find(request, { workspace: 'build' }), 'build/common.debug');
  assert.equal(folder.find(request, { symbolPaths: ['debug'] }), 'debug/.build-id/ab/cd.debug');
});

test('names that lead out of the allowed folders are not followed', (t) => {
  const folder = folderWith(t, ['secret/a.dwo']);
  const outside = [
    split('../../secret/a.dwo', '.'),
    split(folder.path('secret/a.dwo')),
    split('a.dwo', folder.path('secret')),
    split('/etc/passwd', '/'),
    split('../../../../../../../../etc/passwd', '/usr/bin'),
    { kind: 'supplementary', name: '/etc/passwd', buildId: 'abcd' },
    { kind: 'debugLink', name: '../../../../../../../../etc/passwd' },
    { kind: 'buildId', buildId: '../../../../../../../../etc/passwd' },
  ] as const;
  for (const request of outside) {
    assert.equal(folder.find(request, { symbolPaths: ['build/out'], workspace: 'build' }), undefined);
  }
  assert.deepEqual([...new Set(folder.notices)], ['symbols-outside']);
});

test('pipes, devices, folders and huge files are not opened, and unusable names are ignored', (t) => {
  const folder = folderWith(t, []);
  execFileSync('mkfifo', [folder.path('build/out/pipe.dwo')]);
  fs.mkdirSync(folder.path('build/out/folder.dwo'));
  fs.symlinkSync('/dev/zero', folder.path('build/out/zero.dwo'));
  fs.symlinkSync('loop.dwo', folder.path('build/out/loop.dwo'));
  fs.closeSync(fs.openSync(folder.path('build/out/huge.dwo'), 'w'));
  fs.truncateSync(folder.path('build/out/huge.dwo'), 2 ** 40);
  const names = ['pipe.dwo', 'folder.dwo', 'zero.dwo', 'loop.dwo', 'huge.dwo', '', '.', 'a\0b', 'x'.repeat(2 ** 20)];
  for (const name of names) assert.equal(folder.find(split(name, '.')), undefined, name.slice(0, 20));
});

test('if the user did not name the recorded kernel, the folder of the kernel is not searched', (t) => {
  const folder = folderWith(t, ['build/out/a.dwo']);
  const folders = { symbolPaths: [], workspace: undefined };
  const find = new CompanionFiles(nodeHost, folders, () => {}).of(undefined, folder.path('build/out/kernel.elf'));
  assert.equal(
    find(split('a.dwo', folder.path('build/out')), () => true),
    undefined,
  );
});
