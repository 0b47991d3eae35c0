/** Rust values have the same text, types and children as in gdb. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { readElfFile } from '../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import { openSymbols, type FrameView, type Symbols, type Value } from '../../../debug-adapter/engine/symbols/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { requireTool } from '../../support/tools.ts';
import { GDB } from './support/gdb.ts';
import { loadedMachine } from './support/memory.ts';
import { openRust, printedByGdb, RUST_FILE } from './support/rust.ts';
import { longTest } from '../../support/extent.ts';

/** Values that gdb 13 cannot read, or reads wrongly. */
const NOT_IN_GDB: Record<string, string> = {
  // gdb compares negative discriminants as unsigned numbers.
  'values::SIGNED[0]': 'values::Signed::Low(200)',
  'values::SIGNED[1]': 'values::Signed::Mid',
  // gdb cannot read discriminants of more than 8 bytes.
  'values::BIG[0]': 'values::Big::Lots(1267650600228229401496703205376)',
  'values::BIG[1]': 'values::Big::Few(-1)',
  'values::BIG[2]': 'values::Big::Unit',
  'values::WIDE[0]': 'values::Wide::Small',
  // rustc 1.63 writes only the low 64 bits of the discriminant of this variant, which is 2^80 + 1.
  'values::WIDE[1]': '(values::Wide::Small | unknown: 0x100000000000000000000)',
  // If there is no discriminant, gdb selects the last variant, even if no value can have that variant.
  'values::NEVER': 'core::option::Option<values::Never>::None',
};

test('statics of every kind have the same text and type as in gdb', (t) => {
  if (!requireTool(GDB, t)) return;
  const values = Object.values(statics(openRust().symbols)).flatMap(printable);
  assert.ok(values.length > 90, `${values.length}`);
  const paths = values.map(({ expression }) => expression ?? '');
  const answers = printedByGdb(paths.flatMap((name) => [`print ${name}`, `whatis ${name}`]));
  values.forEach((value, i) => {
    const [text, type] = answers.slice(2 * i, 2 * i + 2);
    const expression = value.expression ?? '';
    assert.equal(value.text, NOT_IN_GDB[expression] ?? text, expression);
    assert.equal(`type = ${value.typeName}`, type, expression);
  });
});

test('the children of an enum are those of its current variant', () => {
  const { SHAPES, SOME, NONE, NESTED, OPT_TUPLE, SOME_REF } = statics(openRust().symbols);
  assert.deepEqual(SHAPES.children().map(treeOf), [
    ['0: i32 = 2'],
    ['w: i32 = 3', 'h: i32 = 4'],
    ['0: &str = "tri"'],
    [],
  ]);
  assert.deepEqual([treeOf(SOME), treeOf(NONE)], [['0: u32 = 5'], []]);
  assert.deepEqual(NESTED.children()[0].children().flatMap(treeOf), ['w: i32 = 5', 'h: i32 = 6']);
  assert.deepEqual(OPT_TUPLE.children().flatMap(treeOf), ['0: u8 = 1', '1: u16 = 2']);
  assert.deepEqual(SOME_REF.children().flatMap(treeOf), ['x: i32 = 1', 'y: i32 = -2']);
});

test('a slice expands to its elements, and a reference or trait object to its target', () => {
  const { SLICE, EMPTY_SLICE, TEXT, TUPLE, PAIR, REF, REF_REF, REF_POINT, DYNAMIC } = statics(openRust().symbols);
  assert.deepEqual(treeOf(SLICE), ['[0]: u16 = 10', '[1]: u16 = 20', '[2]: u16 = 30', '[3]: u16 = 40']);
  assert.deepEqual([EMPTY_SLICE.childCount, EMPTY_SLICE.children()], [0, []]);
  assert.deepEqual(namesIn(TEXT), ['data_ptr', 'length']);
  assert.deepEqual(
    [namesIn(TUPLE), namesIn(PAIR)],
    [
      ['0', '1', '2', '3'],
      ['0', '1'],
    ],
  );
  assert.deepEqual(treeOf(REF), ['*values::REF: i32 = -5']);
  assert.deepEqual(REF_REF.children().flatMap(treeOf), ['**values::REF_REF: i32 = -5']);
  assert.deepEqual(treeOf(REF_POINT), ['x: i32 = 1', 'y: i32 = -2']);
  assert.deepEqual(namesIn(DYNAMIC), ['pointer', 'vtable', '*values::DYNAMIC']);
  const concrete = DYNAMIC.children()[2];
  assert.deepEqual([concrete.typeName, concrete.text], ['values::Point', 'values::Point {x: 1, y: -2}']);
});

test('uninitialized memory does not cause invalid text, a huge list or a huge read', () => {
  const symbols = openRust().symbols;
  const { SLICE, TEXT, SHAPES, UNIT } = statics(symbols);
  const at = (value: Value, offset: number) => Number(value.lvalue?.address) + offset;
  const after = (changes: Record<number, bigint>) => statics(symbols, changes);

  const huge = after({ [at(SLICE, 8)]: 1n << 62n }).SLICE;
  assert.match(huge.text, /^&\[u16\] \{data_ptr: 0x\w+ <values::NUMBERS>, length: 4611686018427387904\}$/);
  assert.deepEqual(namesIn(huge), ['data_ptr', 'length']);
  const long = after({ [at(SLICE, 8)]: 1n << 40n }).SLICE;
  assert.match(long.text, /^&\[u16\] \[10, 20, 30, 40, .*, …\]$/);
  assert.ok(long.childCount <= 1000);
  assert.equal(long.children()[1].name, '[1000000000000..1099511627775]');
  const longText = after({ [at(TEXT, 8)]: 1n << 40n }).TEXT;
  assert.ok(longText.text.startsWith('"héllo') && longText.text.endsWith('…') && longText.text.length < 1000);
  assert.equal(after({ [at(TEXT, 0)]: 0x10n }).TEXT.text, '<cannot read 0x10>');
  const [shape] = after({ [at(SHAPES, 0)]: 77n }).SHAPES.children();
  assert.deepEqual([shape.text, shape.childCount], ['<no variant for discriminant 77>', 0]);
  assert.equal(UNIT.text, '()');
});

longTest('damaged debug information of a Rust program at worst leads to missing values', (t) => {
  const original = fs.readFileSync(RUST_FILE);
  const { seed } = SeededRandom.forTest(t);
  let texts = 0;
  for (let round = 0; round < 60; round++) {
    const random = new SeededRandom(seed + round);
    const bytes = new Uint8Array(original);
    const sections = readElfFile(bytes, RUST_FILE).sections.filter(({ name }) =>
      /^\.debug_(info|abbrev|str)$/.test(name),
    );
    for (let flips = 1 + random.below(30); flips > 0; flips--) {
      const { bytes: section } = random.pick(sections);
      section[random.below(section.length)] = random.below(256);
    }
    const symbols = openSymbols({ name: 'damaged.elf', bytes });
    for (const value of Object.values(statics(symbols))) texts += visit(value, 3);
  }
  assert.ok(texts > 60 * 20, `${texts}`);
});

/**
 * Returns the statics of the crate by name. Memory contains what was loaded from the file, except for the 64-bit
 * numbers in `changes`.
 */
function statics(symbols: Symbols, changes: Record<number, bigint> = {}): Record<string, Value> {
  const frame = symbols.innermostFrame({ ...changedMachine(changes), pc: 0n });
  const variables = symbols.globals().filter(({ name }) => !name.includes('{vtable}'));
  return Object.fromEntries(
    variables.map((variable) => [variable.name.replace(/.*::/, ''), symbols.read(variable, frame)]),
  );
}

function changedMachine(changes: Record<number, bigint>): FrameView {
  const loaded = loadedMachine(RUST_FILE);
  return {
    ...loaded,
    readMemory: (address, length) => {
      const bytes = loaded.readMemory(address, length);
      const changed = bytes && new Uint8Array(bytes);
      for (const [at, value] of Object.entries(changes)) {
        for (let i = 0; i < 8; i++) {
          const offset = Number(at) + i - Number(address);
          if (changed && offset >= 0 && offset < length) changed[offset] = Number((value >> BigInt(8 * i)) & 0xffn);
        }
      }
      return changed;
    },
  };
}

/** gdb 13 cannot print an array of enums, so the elements of such an array are compared one by one. */
function printable(value: Value): Value[] {
  return value.typeName.startsWith('[') && value.children()[0]?.typeName.includes('::') ? value.children() : [value];
}

const namesIn = (value: Value) => value.children().map(({ name }) => name);
const treeOf = (value: Value) => value.children().map(({ name, typeName, text }) => `${name}: ${typeName} = ${text}`);

function visit(value: Value, depth: number): number {
  const children = value.children().slice(0, 10);
  assert.equal(children.length, Math.min(value.childCount, 10));
  const inner = depth > 0 ? children.map((child) => visit(child, depth - 1)) : [];
  return inner.reduce((sum, count) => sum + count, value.text === '' ? 0 : 1);
}
