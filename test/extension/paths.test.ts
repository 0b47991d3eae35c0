/** File names are numbered, shown and compared according to the platform's rules. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { inWorkspace, isSameFile, numbered, shortName } from '../../extension/configuration/paths.ts';

const { posix, win32 } = path;

test('a numbered file name keeps its folder, its extension and its kind of slashes', () => {
  assert.equal(numbered(posix, '.blkreplay/boot.rr', 2), '.blkreplay/boot-2.rr');
  assert.equal(numbered(posix, '/boot.rr', 2), '/boot-2.rr');
  assert.equal(numbered(posix, 'boot', 12), 'boot-12');
  assert.equal(numbered(posix, 'a b/x.tar.rr', 2), 'a b/x.tar-2.rr');
  assert.equal(numbered(win32, 'C:\\work\\boot.rr', 2), 'C:\\work\\boot-2.rr');
  assert.equal(numbered(win32, 'C:/kernels/boot.rr', 2), 'C:/kernels/boot-2.rr');
  assert.equal(numbered(win32, 'C:\\boot.rr', 2), 'C:\\boot-2.rr');
  assert.equal(numbered(win32, '\\\\server\\share\\boot.rr', 2), '\\\\server\\share\\boot-2.rr');
  assert.equal(numbered(win32, 'C:boot.rr', 2), 'C:boot-2.rr');
});

test('numbering continues from a name that already has a number', () => {
  assert.equal(numbered(posix, 'boot-2.rr', 3), 'boot-3.rr');
  assert.equal(numbered(posix, 'boot-rc1.rr', 2), 'boot-rc1-2.rr');
});

test('a file in the given folder is shown with a relative name, and any other file with an absolute one', () => {
  assert.equal(shortName(posix, '/w', '/w/.blkreplay/boot.rr'), '.blkreplay/boot.rr');
  assert.equal(shortName(posix, '/w', '/elsewhere/boot.rr'), '/elsewhere/boot.rr');
  assert.equal(shortName(posix, '/w', '/w/..odd/boot.rr'), '..odd/boot.rr');
  assert.equal(shortName(posix, undefined, '/w/boot.rr'), '/w/boot.rr');
  assert.equal(shortName(win32, 'C:\\w', 'c:\\W\\boot.rr'), 'boot.rr');
  assert.equal(shortName(win32, 'C:\\w', 'D:\\w\\boot.rr'), 'D:\\w\\boot.rr');
});

test('launch.json names workspace files the same way on every platform', () => {
  assert.equal(inWorkspace(posix, '/w', '/w/out/kernel.elf'), '${workspaceFolder}/out/kernel.elf');
  assert.equal(inWorkspace(win32, 'C:\\w', 'C:\\w\\out\\kernel.elf'), '${workspaceFolder}/out/kernel.elf');
  assert.equal(inWorkspace(win32, 'C:\\w', 'D:\\kernel.elf'), 'D:\\kernel.elf');
});

test('case is ignored in file names on Windows and macOS, but not on Linux', () => {
  assert.ok(isSameFile(win32, 'win32', 'C:\\W\\boot.rr', 'c:/w/BOOT.rr'));
  assert.ok(isSameFile(posix, 'darwin', '/w/Boot.rr', '/w/./boot.rr'));
  assert.ok(!isSameFile(posix, 'linux', '/w/Boot.rr', '/w/boot.rr'));
});
