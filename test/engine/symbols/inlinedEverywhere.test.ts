/** The search for a function that is inlined in a thousand units pauses often, and keeps no units in memory. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { PagedFile } from '../../../debug-adapter/engine/symbols/elf/fileBytes.ts';
import { createSymbolIndex, groupByCode, openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { nodeCompression as compression } from '../../../debug-adapter/host/compression.ts';
import { writeBigElf } from '../../bench/support/bigElf.ts';
import { MemoryFile } from '../../support/memoryFile.ts';

const UNITS = 842;

test('each step of the search reads only a small part of the file', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const name = path.join(folder, 'big.elf');
  writeBigElf(name, { units: UNITS, sharedTypes: 60, functionsPerUnit: 2, aranges: true, hasInlined: true });
  const bytes = new Uint8Array(fs.readFileSync(name));
  const index = createSymbolIndex(new MemoryFile('big.elf', bytes), { compression });
  let bytesRead = 0;
  const file = new PagedFile(bytes.length, (offset, into) => {
    bytesRead += into.length;
    into.set(bytes.subarray(offset, offset + into.length));
  });
  const symbols = openSymbols({ name: 'big.elf', bytes: file, index });
  const [group] = groupByCode([{ symbols, isBooted: false }]);
  assert.equal(group.addressesOfFunction('work_0_0').length, 1);
  const before = { bytesRead, loadedBytes: file.loadedBytes };

  const search = group.locationsOfFunction('everywhere');
  let steps = 0;
  let largest = 0;
  for (let start = bytesRead; ; start = bytesRead) {
    const { done, value } = search.next();
    largest = Math.max(largest, bytesRead - start);
    steps++;
    if (!done) continue;
    assert.ok(Array.isArray(value));
    assert.equal(value.length, UNITS);
    assert.ok(value.every(({ inlineDepth }) => inlineDepth === 1));
    break;
  }
  assert.ok(bytesRead - before.bytesRead > 8_000_000, `${bytesRead - before.bytesRead} bytes`);
  assert.ok(largest < 1 << 20, `${largest} bytes in one step`);
  assert.ok(steps > UNITS, `${steps} steps`);
  // Only the pages with the headers of the inlined calls stay in memory.
  assert.ok(file.loadedBytes - before.loadedBytes < 8_000_000, `${file.loadedBytes - before.loadedBytes} bytes`);

  const read = bytesRead;
  assert.equal(complete(group.locationsOfFunction('everywhere')).length, UNITS);
  assert.equal(bytesRead, read, 'the result was not kept');
});
