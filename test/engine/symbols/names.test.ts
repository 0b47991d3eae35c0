/** The name table finds every unit that defines a name, and an unknown name is rejected without reading the units. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Diagnostics } from '../../../debug-adapter/engine/symbols/diagnostics.ts';
import { createReaders } from '../../../debug-adapter/engine/symbols/createReaders.ts';
import { AT, TAG } from '../../../debug-adapter/engine/symbols/dwarf/constants.ts';
import type { Die } from '../../../debug-adapter/engine/symbols/dwarf/die.ts';
import type { Unit } from '../../../debug-adapter/engine/symbols/dwarf/info.ts';
import { readLineHeader } from '../../../debug-adapter/engine/symbols/dwarf/line.ts';
import type { SourceFile } from '../../../debug-adapter/engine/symbols/index.ts';
import { nameKey, type NameKind } from '../../../debug-adapter/engine/symbols/names/nameHash.ts';
import { NameTableBuilder, UNITS_PER_TYPE_MAX } from '../../../debug-adapter/engine/symbols/names/nameTable.ts';
import { scanNames } from '../../../debug-adapter/engine/symbols/names/nameHints.ts';
import { writeBigElf } from '../../bench/support/bigElf.ts';
import { guest } from '../../support/guests.ts';
import { fixture } from './support/fixtures.ts';

const FILES = [guest('demo/demo'), guest('kernel/oslet'), ...['flow-Og-v4', 'flow-O2', 'types-O0-v5'].map(fixture)];

for (const file of FILES) {
  test(`the name table contains all names in ${path.basename(file)}`, () => {
    const { info } = open(fs.readFileSync(file));
    const table = scanNames(info);
    info.units.forEach((unit, index) => {
      for (const die of unit.root.children()) {
        for (const { kind, name } of namesOf(die)) {
          const units = table.unitsOf(kind, name);
          assert.ok(units.includes(index) || units.length >= UNITS_PER_TYPE_MAX, `${kind} ${name} in ${index}`);
        }
      }
    });
    assert.deepEqual(table.unitsOf('type', 'struct no_such_type'), []);
  });
}

for (const file of FILES) {
  test(`the name table contains all source files of ${path.basename(file)}, and finds them regardless of case`, () => {
    const { info } = open(fs.readFileSync(file));
    const table = scanNames(info);
    let count = 0;
    info.units.forEach((unit, index) => {
      for (const source of sourceFiles(unit)) {
        if (!source) continue;
        count++;
        for (const name of [source.path, source.name.toUpperCase()]) {
          assert.ok(table.unitsOf('file', name).includes(index), `${name} in ${index}`);
        }
      }
    });
    assert.ok(count > 0);
    assert.deepEqual(table.unitsOf('file', 'no_such_file.c'), []);
  });
}

test('an unknown name is rejected without reading the entries of any unit', (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'blkreplay-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'big.elf');
  writeBigElf(file, { units: 40, sharedTypes: 5, functionsPerUnit: 2 });
  const { info, names } = open(fs.readFileSync(file));
  let entriesRead = 0;
  for (const unit of info.units) {
    const { die } = unit;
    unit.die = (offset) => (entriesRead++, die.call(unit, offset));
  }
  assert.deepEqual([...names.find('type', 'struct no_such_type')], []);
  assert.equal(entriesRead, 0, 'no entry is read except the roots');
  const [found] = names.find('type', 'struct own_39');
  assert.equal(found.unit, info.units[39]);
  assert.equal([...names.find('type', 'struct shared_1')].length, UNITS_PER_TYPE_MAX);
});

test('a damaged unit counts as a unit that may define any name', () => {
  const file = fs.readFileSync(guest('demo/demo'));
  const { info, sections } = open(file);
  // Makes the first unit refer to an abbreviation that does not exist.
  sections.get('.debug_info').bytes[info.units[0].firstDie] = 0x7f;
  const table = scanNames(info);
  assert.deepEqual(table.unitsOf('type', 'struct no_such_type'), [0]);
});

test('the key of a name is its last component, without template arguments or parameters', () => {
  const keys = {
    'struct store': 'store',
    'ns::Box::area': 'area',
    'Box<ns::Point, int>::area(ns::Point) const': 'area',
    'Box<int>': 'Box',
    '(anonymous namespace)::hidden': 'hidden',
    'crate::{impl#0}::shift': 'shift',
    'ns::Point::operator<': 'operator',
    'operator()': 'operator',
    operator_precedence: 'operator_precedence',
  };
  for (const [name, key] of Object.entries(keys)) assert.equal(nameKey(name), key);
});

test('a table keeps its names when it grows', () => {
  const builder = new NameTableBuilder();
  const encode = (text: string) => new TextEncoder().encode(text);
  for (let i = 0; i < 20_000; i++) {
    const name = encode(`name_${i}`);
    for (const unit of [i, i + 1]) builder.add(builder.nameOf(name, 0, name.length, 1), unit, 1);
  }
  const table = builder.finish();
  for (let i = 0; i < 20_000; i++) assert.deepEqual(table.unitsOf('variable', `name_${i}`), [i, i + 1]);
  assert.deepEqual(table.unitsOf('type', 'name_1'), []);
});

function open(bytes: Uint8Array) {
  return createReaders({ name: 'a.elf', bytes: new Uint8Array(bytes) }, new Diagnostics('a.elf'));
}

function sourceFiles(unit: Unit): (SourceFile | undefined)[] {
  const offset = unit.root.sectionOffset(AT.stmtList);
  if (offset === undefined) return [];
  const unitName = unit.root.text(AT.name) ?? '';
  return readLineHeader(unit.sections, { name: '.debug_line', offset, compDir: unit.compDir, unitName }).files;
}

function namesOf(die: Die): { kind: NameKind; name: string }[] {
  const { name } = die;
  if (die.flag(AT.declaration) || name === undefined) return [];
  if (die.tag === TAG.variable) return die.has(AT.location) ? [{ kind: 'variable', name }] : [];
  if (die.tag === TAG.subprogram) return [{ kind: 'function', name }];
  if (die.tag === TAG.enumerationType) {
    const enumerators = [...die.children()].map((child) => ({ kind: 'enumerator' as const, name: child.name ?? '' }));
    return [{ kind: 'type', name }, ...enumerators];
  }
  return TYPES.has(die.tag) ? [{ kind: 'type', name }] : [];
}

const TYPES = new Set<number>([TAG.structureType, TAG.unionType, TAG.typedef, TAG.baseType]);
