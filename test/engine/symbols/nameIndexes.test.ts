/** A name index in a file replaces a scan only where the index is complete, so it never hides a name. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { makeSection } from '../../../debug-adapter/engine/symbols/byteCursor.ts';
import { DebugInfo } from '../../../debug-adapter/engine/symbols/dwarf/info.ts';
import { DebugSections } from '../../../debug-adapter/engine/symbols/elf/debugSections.ts';
import { readElfFile } from '../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import { openSymbols, type Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { readGdbIndex } from '../../../debug-adapter/engine/symbols/names/gdbIndex.ts';
import type { NameKind } from '../../../debug-adapter/engine/symbols/names/nameHash.ts';
import { indexedTable, scanNames } from '../../../debug-adapter/engine/symbols/names/nameHints.ts';
import { nodeCompression as compression } from '../../../debug-adapter/host/compression.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { evaluateIn } from './support/evaluate.ts';
import { fixture } from './support/fixtures.ts';
import { some, times } from '../../support/extent.ts';

const ALL = ['file', 'function', 'type', 'variable'] as const;
/** In C++, LLVM does not list the scope of a nested type if a type unit only declares the enclosing class. */
const OF_C = ['file', 'function', 'variable'] as const;

/** The kinds of names that are looked up in the index; empty if the index is incomplete and therefore not used. */
const FILES: Record<string, { section: string; kinds: readonly NameKind[] }> = {
  'debug-names': { section: '.debug_names', kinds: ALL },
  'debug-names-merged': { section: '.debug_names', kinds: ALL },
  'debug-names-types': { section: '.debug_names', kinds: OF_C },
  'gdb-index-c': { section: '.gdb_index', kinds: OF_C },
  'gnu-pubnames-c': { section: '.debug_gnu_pubnames', kinds: OF_C },
  'gdb-index': { section: '.gdb_index', kinds: [] },
  'gdb-debug-names': { section: '.debug_names', kinds: [] },
  'linker-index': { section: '.gdb_index', kinds: [] },
  'gnu-pubnames': { section: '.debug_gnu_pubnames', kinds: [] },
};

for (const [name, { kinds }] of some(Object.entries(FILES), 2)) {
  test(`${name} leads to every unit that a scan finds`, () => {
    const bytes = fs.readFileSync(fixture(`indexes/${name}`));
    const indexed = indexedTable(debugInfo(bytes));
    assert.deepEqual([...(indexed?.kinds ?? [])].sort(), kinds);
    const scanned = scanNames(debugInfo(bytes));
    let found = 0;
    for (const kind of kinds) {
      for (const each of namesIn(bytes)) {
        const units = new Set(indexed!.table.unitsOf(kind, each));
        const missing = scanned.unitsOf(kind, each).filter((unit) => !units.has(unit));
        assert.deepEqual(missing, [], `${kind} ${each}`);
        found += units.size;
      }
    }
    if (kinds.length > 0) assert.ok(found > 20);
  });

  test(`${name} gives the same answers as the file without its index`, () => {
    const bytes = fs.readFileSync(fixture(`indexes/${name}`));
    const plain = withoutIndexes(bytes);
    assert.deepEqual(answers(bytes), answers(plain));
  });
}

test('with an index, a function is found without a scan', () => {
  const bytes = fs.readFileSync(fixture('indexes/debug-names'));
  let scanned = 0;
  const file = {
    bytes,
    load: () => {},
    readOnce: (start: number, end: number) => (scanned++, bytes.slice(start, end)),
  };
  const symbols = openSymbols({ name: 'a.elf', bytes: file });
  assert.equal(symbols.functionsNamed('no_such_function').length, 0);
  assert.equal(symbols.typeNamed('struct no_such_type'), undefined);
  assert.equal(scanned, 0);
  assert.equal(symbols.functionsNamed('ns::v1::Box::area').length, 1);
  assert.equal(scanned, 1);
  // Enumerators are not in the index.
  assert.equal(evaluateIn(symbols, 'ns::v1::Box::GREEN'), 'ns::v1::Box::GREEN');
  assert.equal(scanned, 1 + 2);
});

test('with an index, only the .dwo file of a function is opened', () => {
  const opened: string[] = [];
  const symbols = openSymbols({
    ...{ name: 'split.elf', bytes: fs.readFileSync(fixture('indexes/split')) },
    findCompanion(request, accepts) {
      if (request.kind !== 'split') return undefined;
      opened.push(request.name);
      const path = fixture(`indexes/${request.name}`).replace(/\.elf$/, '');
      const file = { name: request.name, bytes: fs.readFileSync(path) };
      return accepts(file) ? file : undefined;
    },
  });
  assert.equal(symbols.functionsNamed('no_such_function').length, 0);
  assert.deepEqual(opened, []);
  assert.equal(symbols.functionsNamed('local_function').length, 1);
  assert.deepEqual(opened, ['other.dwo']);
  assert.equal(symbols.functionsNamed('Box::area').length, 1);
  assert.deepEqual(opened, ['other.dwo', 'program.dwo']);
  assert.equal(symbols.typeNamed('struct tree')?.kind, 'struct');
  assert.deepEqual(symbols.diagnostics, []);
});

test('a damaged index is reported once and is not used', (t) => {
  const random = SeededRandom.forTest(t);
  for (const name of ['debug-names', 'debug-names-types', 'gdb-index-c', 'gnu-pubnames-c']) {
    const bytes = fs.readFileSync(fixture(`indexes/${name}`));
    const expected = functionsOf(bytes);
    const { start, end } = sectionOf(bytes, FILES[name].section);
    for (let round = 0; round < times({ quick: 10, long: 40 }); round++) {
      const damaged = bytes.slice();
      // Half of the time, damage only the header and the offsets after it, which are read first.
      const length = random.chance(0.5) ? Math.min(80, end - start) : end - start;
      for (let i = 0; i < 3; i++) damaged[start + random.below(length)] ^= 1 + random.below(255);
      const symbols = openSymbols({ name: 'a.elf', bytes: damaged });
      const functions = functionsFrom(symbols);
      const damage = symbols.diagnostics.filter((each) => each.includes(FILES[name].section));
      assert.ok(damage.length <= 1, damage.join());
      if (damage.length === 1) {
        assert.match(damage[0], /is damaged \(.*\) and is not used/);
        assert.deepEqual(functions, expected);
      }
    }
  }
});

test('damage to a name, a unit or a length is noticed', () => {
  for (const [name, at, problem] of [
    ['debug-names', 4, /version/],
    ['debug-names', 8, /./],
    ['debug-names', 12, /./],
    ['debug-names', 44, /unit that does not exist/],
    ['gdb-index-c', 20, /./],
    ['gdb-index-c', 24, /unit that does not exist/],
    ['gnu-pubnames-c', 6, /unit that does not exist/],
  ] as const) {
    const bytes = new Uint8Array(fs.readFileSync(fixture(`indexes/${name}`)));
    bytes[sectionOf(bytes, FILES[name].section).start + at] ^= 0x41;
    const symbols = openSymbols({ name: 'a.elf', bytes });
    assert.ok(functionsFrom(symbols).length > 0);
    assert.match(symbols.diagnostics.join(), problem, `${name} ${at}`);
  }
  const bytes = new Uint8Array(fs.readFileSync(fixture('indexes/gdb-index-c')));
  const { start, end } = sectionOf(bytes, '.gdb_index');
  const text = Buffer.from(bytes.subarray(start, end)).indexOf('local_function');
  bytes[start + text] ^= 1;
  const symbols = openSymbols({ name: 'a.elf', bytes });
  assert.equal(symbols.functionsNamed('counter').length, 0);
  assert.match(symbols.diagnostics.join(), /a name does not match its hash/);
});

test('the shortcut table in version 9 of .gdb_index is skipped', () => {
  const bytes = fs.readFileSync(fixture('indexes/gdb-index-c'));
  const { start, end } = sectionOf(bytes, '.gdb_index');
  const old = new Uint8Array(bytes.subarray(start, end));
  const from = new DataView(old.buffer);
  assert.equal(from.getUint32(0, true), 8);
  const poolAt = from.getUint32(20, true);
  const longer = new Uint8Array(old.length + 12);
  const to = new DataView(longer.buffer);
  to.setUint32(0, 9, true);
  for (let i = 1; i <= 4; i++) to.setUint32(4 * i, from.getUint32(4 * i, true) + 4, true);
  to.setUint32(20, poolAt + 4, true);
  to.setUint32(24, poolAt + 12, true);
  longer.set(old.subarray(24, poolAt), 28);
  longer.set(old.subarray(poolAt), poolAt + 12);
  const entriesOf = (index: Uint8Array) => [...readGdbIndex(makeSection('.gdb_index', index))!.entries()];
  assert.ok(entriesOf(old).length > 10);
  assert.deepEqual(entriesOf(longer), entriesOf(old));
});

function debugInfo(bytes: Uint8Array): DebugInfo {
  const sections = new DebugSections(readElfFile(bytes, 'a.elf'), { name: 'a.elf', compression, report: () => {} });
  return new DebugInfo(sections, { bias: 0n, report: (damage) => assert.fail(damage.message) });
}

/** The strings in `.debug_str`, each without a scope and with each of several scopes. */
function namesIn(bytes: Uint8Array): string[] {
  const { start, end } = sectionOf(bytes, '.debug_str');
  const names = Buffer.from(bytes.subarray(start, end)).toString().split('\0');
  const scopes = ['Box', 'Inner', 'List<int>', 'ns', 'InFunction'];
  return names.flatMap((name) => [name, ...scopes.map((scope) => `${scope}::${name}`)]);
}

function answers(bytes: Uint8Array): unknown[] {
  const symbols = openSymbols({ name: 'a.elf', bytes });
  const names = namesIn(bytes).filter((name) => /^(Box::|List<int>::)?\w+$/.test(name));
  const found = names.map((name) => [
    symbols.functionsNamed(name).map(({ low, name: found }) => [low, found]),
    symbols.functionBreakpoints(name),
    symbols.typeNamed(`struct ${name}`)?.kind,
    symbols.typeNamed(name)?.kind,
    evaluateIn(symbols, name),
    evaluateIn(symbols, `sizeof(${name})`),
  ]);
  return [found, symbols.diagnostics];
}

function functionsOf(bytes: Uint8Array): unknown[] {
  return functionsFrom(openSymbols({ name: 'a.elf', bytes }));
}

function functionsFrom(symbols: Symbols): unknown[] {
  const names = ['other', 'local_function', 'inlined', 'area', 'go', 'List<int>::sum', 'secret'];
  return names.flatMap((name) => symbols.functionsNamed(name).map(({ low }) => low));
}

function sectionOf(bytes: Uint8Array, name: string): { start: number; end: number } {
  const section = readElfFile(bytes, 'a.elf').sections.find((each) => each.name === name);
  assert.ok(section, name);
  const start = section.contents.bytes.byteOffset - bytes.byteOffset;
  return { start, end: start + section.contents.bytes.length };
}

/** A copy of the file in which the index sections have other names, so that they are not used. */
function withoutIndexes(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes);
  for (const name of ['.debug_names', '.gdb_index', '.debug_gnu_pubnames']) {
    const at = copy.indexOf(`${name}\0`);
    if (at >= 0) copy[at + 1] = 0x5f;
  }
  return new Uint8Array(copy);
}
