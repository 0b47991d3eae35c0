/** An index of a symbol file is used if it matches the file; a damaged or wrong index does not change any result. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { createSymbolIndex, fileOnDemand, openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { decodeNameTable } from '../../../debug-adapter/engine/symbols/names/nameTableFile.ts';
import { nodeCompression as compression } from '../../../debug-adapter/host/compression.ts';
import { type BigElfShape, writeBigElf } from '../../bench/support/bigElf.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { SeededRandom } from '../../support/seededRandom.ts';

const UNITS = 50;
const SHAPE: BigElfShape = { units: UNITS, sharedTypes: 20, functionsPerUnit: 2, aranges: true };

test('with an index, a lookup reads the debug information of only one unit', (t) => {
  const bytes = bigElf(t);
  const index = createSymbolIndex(new MemoryFile('a.elf', bytes), { compression });
  const file = fileOnDemand(new MemoryFile('a.elf', bytes));
  const symbols = openSymbols({ name: 'a.elf', bytes: file, index });
  let readAgain = 0;
  const watched = { ...file, readOnce: (start: number, end: number) => ((readAgain += end - start), bytes) };
  const withoutScan = openSymbols({ name: 'a.elf', bytes: watched, index });
  for (const each of [symbols, withoutScan]) {
    assert.equal(each.typeNamed('struct own_49')?.kind, 'struct');
    assert.equal(each.typeNamed('struct no_such_type'), undefined);
  }
  assert.equal(readAgain, 0);
});

test('a damaged index is ignored', (t) => {
  const bytes = bigElf(t);
  const index = createSymbolIndex(new MemoryFile('a.elf', bytes), { compression });
  assert.ok(decodeNameTable(index, UNITS));
  assert.equal(decodeNameTable(index, UNITS + 1), undefined);
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < 60; round++) {
    const damaged = index.slice(0, random.chance(0.2) ? random.below(index.length) : index.length);
    // More than half of the changed bytes are in the header, which occupies the first 48 bytes.
    const at = random.below(Math.min(damaged.length, random.chance(0.5) ? 48 : damaged.length));
    if (damaged.length > 0) damaged[at] ^= 1 + random.below(255);
    assert.equal(decodeNameTable(damaged, UNITS), undefined);
    if (round > 3) continue;
    const symbols = openSymbols({ name: 'a.elf', bytes, index: damaged });
    assert.equal(symbols.typeNamed('struct own_49')?.kind, 'struct');
  }
});

test('an intact index is read from the cache, and a damaged one is created and written again', (t) => {
  const file = new MemoryFile('a.elf', bigElf(t));
  const { cache, entries, written } = memoryCache();
  const first = createSymbolIndex(file, { compression, cache });
  assert.deepEqual(createSymbolIndex(file, { compression, cache }), first);
  assert.equal(written.length, 1);
  const [key] = entries.keys();
  entries.get(key)![100] ^= 1;
  assert.deepEqual(createSymbolIndex(file, { compression, cache }), first);
  assert.deepEqual(written, [key, key]);
});

test('if a file has a build ID, only the headers of the file are read to find its index in the cache', (t) => {
  const bytes = bigElf(t, { ...SHAPE, sharedTypes: 200, buildId: new Uint8Array(20).fill(0xab) });
  const { cache, written } = memoryCache();
  createSymbolIndex(new MemoryFile('a.elf', bytes), { compression, cache });
  assert.match(written[0], /^(ab){20}-[0-9a-f]{16}$/);
  let bytesRead = 0;
  const file = new (class extends MemoryFile {
    override readAt(offset: number, into: Uint8Array): number {
      bytesRead += into.length;
      return super.readAt(offset, into);
    }
  })('a.elf', bytes);
  createSymbolIndex(file, { compression, cache });
  assert.equal(written.length, 1);
  assert.ok(bytesRead < bytes.length / 2, `${bytesRead} of ${bytes.length} bytes`);
});

test('without a build ID, the indexes of files with different contents have different keys', (t) => {
  const bytes = bigElf(t);
  const { cache, entries } = memoryCache();
  createSymbolIndex(new MemoryFile('a.elf', bytes), { compression, cache });
  const name = Buffer.from(bytes).indexOf('own_49\0');
  const renamed = bytes.slice();
  renamed.set(Buffer.from('new_49'), name);
  createSymbolIndex(new MemoryFile('a.elf', renamed), { compression, cache });
  assert.equal(entries.size, 2);
});

test('the index of a file that changes while it is being indexed is not cached', (t) => {
  let version = 'old';
  const file = new (class extends MemoryFile {
    version = () => version;
  })('a.elf', bigElf(t));
  const { cache, written } = memoryCache();
  const changing = { ...cache, read: () => ((version = 'new'), undefined) };
  assert.throws(() => createSymbolIndex(file, { compression, cache: changing }), /has changed/);
  assert.deepEqual(written, []);
});

function memoryCache() {
  const entries = new Map<string, Uint8Array>();
  const written: string[] = [];
  const cache = {
    read: (key: string) => entries.get(key),
    write: (key: string, bytes: Uint8Array) => {
      written.push(key);
      entries.set(key, bytes.slice());
    },
  };
  return { cache, entries, written };
}

function bigElf(t: TestContext, shape = SHAPE): Uint8Array {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  writeBigElf(path.join(folder, 'big.elf'), shape);
  return new Uint8Array(fs.readFileSync(path.join(folder, 'big.elf')));
}
