/** A semihosting guest can read regular files in the shared folder and its subfolders, and nothing else. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { SharedFolder } from '../../../debug-adapter/engine/recording/inputs/sharedFolder.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';

const ENOENT = 2;
const EACCES = 13;

suite('files in a shared folder', () => {
  for (const name of ['data', './data', 'sub/data', 'sub//data', 'sub/../data', 'inner', 'sub/up']) {
    test(`${name} can be read`, (t) => {
      const { folder } = location(t);
      assert.deepEqual(folder.answer({ kind: 'length', name }), { error: 0, lengthBytes: 5, bytes: new Uint8Array() });
      const { error, bytes } = folder.answer({ kind: 'bytes', name, offset: 1, lengthBytes: 3 });
      assert.deepEqual([error, Buffer.from(bytes).toString()], [0, 'ell']);
    });
  }

  for (const [what, name, error] of [
    ['a file next to the folder', '../secret', EACCES],
    ['a file next to the folder, by a longer path', 'sub/../../secret', EACCES],
    ['a file next to the folder, by a path through a file', 'data/../../shared/../secret', EACCES],
    ['an absolute path', '/etc/passwd', EACCES],
    ['an absolute path into the folder', (root: string) => path.join(root, 'data'), EACCES],
    ['a path with a drive letter', 'C:data', EACCES],
    ['a path with a backslash', '..\\secret', EACCES],
    ['a link to a file outside', 'outside', EACCES],
    ['a link to a folder outside', 'parent/secret', EACCES],
    ['a broken link', 'nowhere', ENOENT],
    ['a folder', 'sub', EACCES],
    ['the folder itself', '.', EACCES],
    ['an empty name', '', ENOENT],
    ['a missing file', 'absent', ENOENT],
    ['a name with a NUL', 'data\0', EACCES],
    ['an overlong name', 'x'.repeat(300), EACCES],
    ['an overlong path', 'x/'.repeat(40_000), EACCES],
  ] as const) {
    test(`${what} cannot be read`, (t) => {
      const { root, folder } = location(t);
      const given = typeof name === 'string' ? name : name(root);
      const refused = { error, lengthBytes: 0, bytes: new Uint8Array() };
      assert.deepEqual(folder.answer({ kind: 'length', name: given }), refused);
      assert.deepEqual(folder.answer({ kind: 'bytes', name: given, offset: 0, lengthBytes: 5 }), refused);
    });
  }

  test('a read at or past the end of a file returns only the bytes that exist', (t) => {
    const { folder } = location(t);
    const piece = (offset: number) => folder.answer({ kind: 'bytes', name: 'data', offset, lengthBytes: 100 }).bytes;
    assert.deepEqual([piece(3), piece(5), piece(2 ** 52)].map(String), ['108,111', '', '']);
  });
});

function location(t: TestContext): { root: string; folder: SharedFolder } {
  const outer = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-shared-'));
  t.after(() => fs.rmSync(outer, { recursive: true, force: true }));
  const root = path.join(outer, 'shared');
  fs.mkdirSync(path.join(root, 'sub'), { recursive: true });
  fs.writeFileSync(path.join(outer, 'secret'), 'hello');
  for (const name of ['data', 'sub/data']) fs.writeFileSync(path.join(root, name), 'hello');
  for (const [name, target] of [
    ['outside', '../secret'],
    ['parent', '..'],
    ['nowhere', 'absent'],
    ['inner', 'sub/data'],
    ['sub/up', '../data'],
  ]) {
    fs.symlinkSync(target, path.join(root, name));
  }
  return { root, folder: new SharedFolder(nodeHost, root) };
}
