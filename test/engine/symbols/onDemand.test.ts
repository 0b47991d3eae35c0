/** A symbol file read on demand gives the same results as one in memory, and only the required parts are read. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileOnDemand, PagedFile } from '../../../debug-adapter/engine/symbols/elf/fileBytes.ts';
import { openSymbols, type Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { writeBigElf } from '../../bench/support/bigElf.ts';
import { guest } from '../../support/guests.ts';
import { MemoryFile } from '../../support/memoryFile.ts';
import { fixture } from './support/fixtures.ts';

for (const file of [guest('demo/demo'), guest('kernel/oslet'), fixture('flow-Og-v4'), fixture('flow-eh-types')]) {
  test(`${path.basename(file)} gives the same results when it is read on demand`, () => {
    const bytes = fs.readFileSync(file);
    const whole = openSymbols({ name: 'a.elf', bytes });
    const onDemand = openSymbols({ name: 'a.elf', bytes: fileOnDemand(new MemoryFile('a.elf', bytes)) });
    assert.deepEqual(answers(onDemand), answers(whole));
  });
}

test('setting a breakpoint on a function in the last unit reads that unit and the headers of the others', (t) => {
  const bytes = bigElf(t);
  const file = pagedFile(bytes);
  const symbols = openSymbols({ name: 'big.elf', bytes: file });
  const [found] = symbols.functionsNamed('work_199_1');
  assert.equal(symbols.breakpointAddress(found), found.low + 4n);
  assert.equal(found.file?.path, '/build/src/unit_00199.c');
  assert.ok(bytes.length > 9_000_000);
  assert.ok(file.loadedBytes < 2_000_000, `${file.loadedBytes} bytes`);
});

test('setting a breakpoint on a line reads only the units that use the source file', (t) => {
  const bytes = bigElf(t);
  const file = pagedFile(bytes);
  const symbols = openSymbols({ name: 'big.elf', bytes: file });
  const found = symbols.addressesOfLine('/elsewhere/src/unit_00150.c', 21);
  assert.deepEqual(found && [found.line, found.file.path], [21, '/build/src/unit_00150.c']);
  assert.equal(symbols.addressesOfLine('src/no_such_file.c', 1), undefined);
  assert.ok(file.loadedBytes < 2_500_000, `${file.loadedBytes} bytes`);
});

test('the globals of a unit are listed, but not those of a whole large file', (t) => {
  const file = pagedFile(bigElf(t));
  const symbols = openSymbols({ name: 'big.elf', bytes: file });
  assert.deepEqual(symbols.globals(), []);
  const [found] = symbols.functionsNamed('work_199_1');
  assert.deepEqual(
    symbols.globals(found.low).map(({ name }) => name),
    ['variable_199'],
  );
  assert.ok(file.loadedBytes < 2_000_000, `${file.loadedBytes} bytes`);
});

test('looking up an unknown type leaves no units in memory', (t) => {
  const file = pagedFile(bigElf(t));
  const symbols = openSymbols({ name: 'big.elf', bytes: file });
  assert.equal(symbols.typeNamed('struct no_such_type'), undefined);
  assert.ok(file.loadedBytes < 2_000_000, `${file.loadedBytes} bytes`);
});

test('a file that changes after it was opened leads to missing results and one diagnostic', () => {
  const file = new (class extends MemoryFile {
    modified = 1;
    version() {
      return String(this.modified);
    }
  })('a.elf', fs.readFileSync(guest('kernel/oslet')));
  const symbols = openSymbols({ name: 'a.elf', bytes: fileOnDemand(file) });
  file.modified++;
  assert.deepEqual(symbols.functionsNamed('main'), []);
  assert.equal(symbols.typeNamed('struct store'), undefined);
  assert.equal(symbols.symbolAt(0x80000000n), undefined);
  assert.deepEqual(symbols.diagnostics, [
    'a.elf has changed since the session started. Some lines or variables are missing. Restart the session.',
  ]);
});

test('each page is read only once, and a range of unread pages is read with one call', () => {
  const reads: [number, number][] = [];
  const file = new PagedFile(100_000, (offset, into) => {
    reads.push([offset, into.length]);
    into.fill(offset / 4096);
  });
  file.load(5000, 5001);
  file.load(4096, 8192);
  file.load(20_000, 30_000);
  file.load(99_999, 100_000);
  assert.deepEqual(reads, [
    [4096, 4096],
    [16_384, 16_384],
    [98_304, 1696],
  ]);
  assert.deepEqual([file.bytes[5000], file.bytes[20_000], file.bytes[99_999]], [1, 4, 24]);
});

/** Creates an ELF file of about 10 MB, with 50 KB for each of its 200 units. */
function bigElf(t: TestContext): Uint8Array {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  writeBigElf(path.join(folder, 'big.elf'), { units: 200, sharedTypes: 280, functionsPerUnit: 2, aranges: true });
  return fs.readFileSync(path.join(folder, 'big.elf'));
}

const pagedFile = (bytes: Uint8Array) =>
  new PagedFile(bytes.length, (offset, into) => into.set(bytes.subarray(offset, offset + into.length)));

function answers(symbols: Symbols): unknown[] {
  const functions = ['main', 'store_put', 'step', 'sum'].flatMap((name) => symbols.functionsNamed(name));
  return [
    functions.map((found) => [found, symbols.breakpointAddress(found), symbols.lineAt(found.low)]),
    functions.map(({ low }) => symbols.scopesAt(low + 8n).map(({ variables }) => variables.map(({ name }) => name))),
    symbols.files().map(({ path: name }) => [name, symbols.breakpointLines(name)]),
    symbols.globals().map(({ name, kind, line }) => [name, kind, line]),
    symbols.symbolAt(functions[0]?.low ?? 0n),
    symbols.diagnostics,
  ];
}
