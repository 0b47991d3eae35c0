/** The cache of symbol indexes keeps the most recently used files, and problems with its folder do not cause errors. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { symbolCacheFolder, symbolIndexCache } from '../../debug-adapter/host/symbolIndexCache.ts';

test('an index is read back as it was written, and no incomplete files remain in the folder', (t) => {
  const folder = path.join(scratch(t), 'a', 'b');
  const cache = symbolIndexCache(folder);
  assert.equal(cache.read('one'), undefined);
  cache.write('one', Uint8Array.of(1, 2, 3));
  cache.write('one', Uint8Array.of(4, 5));
  assert.deepEqual([...cache.read('one')!], [4, 5]);
  assert.deepEqual(fs.readdirSync(folder), ['one.index']);
});

test('if the cache becomes too large, the least recently used files are removed', (t) => {
  const folder = scratch(t);
  const cache = symbolIndexCache(folder, 250);
  ['a', 'b'].forEach((key, i) => {
    cache.write(key, new Uint8Array(100));
    fs.utimesSync(path.join(folder, `${key}.index`), 1000 + i, 1000 + i);
  });
  cache.read('a');
  cache.write('c', new Uint8Array(100));
  cache.write('too large', new Uint8Array(251));
  assert.deepEqual(fs.readdirSync(folder).sort(), ['a.index', 'c.index']);
});

test('a folder that cannot be used only disables the cache', (t) => {
  const file = path.join(scratch(t), 'file');
  fs.writeFileSync(file, '');
  const cache = symbolIndexCache(path.join(file, 'folder'));
  cache.write('key', Uint8Array.of(1));
  assert.equal(cache.read('key'), undefined);
});

test('a key cannot name a file outside the folder', (t) => {
  const folder = path.join(scratch(t), 'inner');
  const cache = symbolIndexCache(folder);
  cache.write('../../escape', Uint8Array.of(1));
  assert.deepEqual(fs.readdirSync(folder), ['______escape.index']);
});

test('the location of the cache folder follows the conventions of the operating system', () => {
  const home = os.homedir();
  assert.equal(symbolCacheFolder({ XDG_CACHE_HOME: '/cache' }, 'linux'), path.join('/cache', 'blkreplay', 'symbols'));
  assert.equal(symbolCacheFolder({ XDG_CACHE_HOME: 'cache' }, 'linux'), path.join(home, '.cache/blkreplay/symbols'));
  assert.equal(symbolCacheFolder({}, 'darwin'), path.join(home, 'Library/Caches/blkreplay/symbols'));
  assert.equal(symbolCacheFolder({ LOCALAPPDATA: '/local' }, 'win32'), path.join('/local', 'blkreplay', 'symbols'));
});

function scratch(t: TestContext): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  return folder;
}
