/** Paths from another computer are mapped to source files; a source file newer than its program is reported once. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { SourceMap } from '../../../debug-adapter/engine/session/sourceMap.ts';
import { SourcePaths } from '../../../debug-adapter/engine/session/sourcePaths.ts';
import type { Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { nodeHost } from '../../../debug-adapter/host/nodeHost.ts';
import { temporaryFolder } from '../../support/temporaryFolder.ts';

test('the longest matching folder in the source map comes first, and only whole path components match', () => {
  const map = new SourceMap([
    { from: '/build', to: '/home/me' },
    { from: '/build/src/', to: '/home/me/source' },
    { from: '/build/src/lib', to: '/lib' },
  ]);
  assert.deepEqual(map.toLocal('/build/src/lib/a.c'), ['/lib/a.c', '/home/me/source/lib/a.c', '/home/me/src/lib/a.c']);
  assert.deepEqual(map.toLocal('/build/srclib/a.c'), ['/home/me/srclib/a.c']);
  assert.deepEqual(map.toLocal('/build/src/../b.c'), ['/home/me/b.c']);
  assert.deepEqual(map.toLocal('/builds/a.c'), []);
  assert.deepEqual(map.toLocal('build/a.c'), []);
  assert.deepEqual(map.toCompiled('/home/me/source/a.c'), ['/build/src/a.c', '/build/source/a.c']);
});

test('Windows paths match regardless of separators and case', () => {
  const map = new SourceMap([
    { from: 'C:\\Work\\Src', to: '/home/me/src' },
    { from: '/build', to: 'D:\\src' },
  ]);
  for (const name of ['C:\\Work\\Src\\lib\\a.c', 'c:/work/src/lib/a.c', 'C:\\work\\src\\.\\lib\\x\\..\\a.c']) {
    assert.deepEqual(map.toLocal(name), ['/home/me/src/lib/a.c']);
  }
  assert.deepEqual(map.toLocal('/build/lib/a.c'), ['D:\\src\\lib\\a.c']);
  assert.deepEqual(map.toCompiled('d:\\SRC\\lib\\a.c'), ['/build/lib/a.c']);
  assert.deepEqual(map.toCompiled('/home/me/src/a.c'), ['C:\\Work\\Src\\a.c']);
  assert.deepEqual(map.toLocal('/Build/a.c'), [], 'without a drive letter, case matters');
});

test('a mapped path is used if the file exists; otherwise the next matching folder and then the original path are tried', (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string) => path.join(folder, name);
  fs.mkdirSync(at('short'));
  fs.writeFileSync(at('short/a.c'), '');
  const sourceMap = [
    { from: '/build', to: at('short') },
    { from: '/build/long', to: at('missing') },
  ];
  const paths = new SourcePaths({ files: nodeHost.files, cwd: folder, sourceMap });
  const symbols = { name: at('kernel.elf') } as Symbols;
  assert.equal(paths.resolve(symbols, '/build/a.c'), at('short/a.c'));
  assert.equal(paths.resolve(symbols, '/build/long/../a.c'), at('short/a.c'));
  assert.equal(paths.resolve(symbols, '/build/long/b.c'), '/build/long/b.c');
  assert.deepEqual(paths.compiledNames(at('short/a.c')), ['/build/a.c', at('short/a.c')]);
});

test('a source file that is newer than its program is reported once', (t) => {
  const folder = temporaryFolder(t);
  const at = (name: string, seconds: number) => {
    fs.writeFileSync(path.join(folder, name), '');
    fs.utimesSync(path.join(folder, name), seconds, seconds);
    return path.join(folder, name);
  };
  const symbols = { name: at('kernel.elf', 1000) } as Symbols;
  const [same, newer, newest] = [at('same.c', 1001), at('newer.c', 1100), at('newest.c', 5000)];
  const noticesFor = (names: readonly string[], rrfile?: string) => {
    const notices: string[] = [];
    const onNotice = ({ message }: { message: string }) => notices.push(message);
    const paths = new SourcePaths({ files: nodeHost.files, cwd: folder, rrfile, onNotice });
    for (const name of names) paths.resolve(symbols, name);
    return notices;
  };
  assert.deepEqual(noticesFor([same]), []);
  const [notice, ...others] = noticesFor([same, newer, newest]);
  assert.deepEqual(others, []);
  assert.match(notice, /newer\.c is newer than .*kernel\.elf, so the source lines .* Build the program again\./);
  const recording = at('a.rr', 2000);
  at('kernel.elf', 9000);
  assert.deepEqual(noticesFor([newer], recording), [], 'the program was rebuilt after the recording');
  assert.equal(noticesFor([newest], recording).length, 1, 'the recorded program is older');
});
