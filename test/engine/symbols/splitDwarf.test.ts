/** Debug information in .dwo files and .dwp packages gives the same results as debug information in the program. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import {
  type CompanionRequest,
  type FindCompanion,
  openSymbols,
  type Symbols,
} from '../../../debug-adapter/engine/symbols/index.ts';
import { readPackageIndex } from '../../../debug-adapter/engine/symbols/dwarf/packageIndex.ts';
import { makeSection } from '../../../debug-adapter/engine/symbols/byteCursor.ts';
import { MalformedData } from '../../../debug-adapter/engine/symbols/damage.ts';
import { nodeCompression } from '../../../debug-adapter/host/compression.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { describeSymbols } from './support/describe.ts';
import { queryEverything } from './support/exercise.ts';
import { longTest } from '../../support/extent.ts';

const FOLDER = path.resolve(import.meta.dirname, 'fixtures/split');
const FUNCTIONS = ['main', 'loops', 'recursive', 'many_arguments', 'by_pointer', 'make_pair', 'nothing'];
const NAMES = { functions: FUNCTIONS, types: ['struct pair', 'struct opaque', 'long'] };

const read = (name: string): Uint8Array => new Uint8Array(fs.readFileSync(path.join(FOLDER, name)));

interface Opened {
  symbols: Symbols;
  requests: CompanionRequest[];
}

/** Opens a program. `files` returns its companion files by name; for the package, the name is `package`. */
function open(name: string, files: (name: string) => Uint8Array | undefined): Opened {
  const requests: CompanionRequest[] = [];
  const findCompanion: FindCompanion = (request, accepts) => {
    requests.push(request);
    const wanted = request.kind === 'split' ? request.name : request.kind;
    const bytes = files(wanted);
    const file = bytes && { name: wanted, bytes };
    return file && accepts(file) ? file : undefined;
  };
  const symbols = openSymbols({ name: 'x.elf', bytes: read(name), compression: nodeCompression, findCompanion });
  return { symbols, requests };
}

const inFolder = (name: string) => (name === 'package' ? undefined : read(name));
const packaged = (program: string) => (name: string) => (name === 'package' ? read(`${program}.dwp`) : undefined);

for (const [split, plain, files] of [
  ['v4.elf', 'plain-v4.elf', inFolder],
  ['v5.elf', 'plain-v5.elf', inFolder],
  ['types-v4.elf', 'plain-v4.elf', inFolder],
  ['types-v5.elf', 'plain-v5.elf', inFolder],
  ['clang-v4.elf', 'plain-clang-v4.elf', inFolder],
  ['clang-v5.elf', 'plain-clang-v5.elf', inFolder],
  ['clang-v4.elf', 'plain-clang-v4.elf', packaged('clang-v4.elf')],
  ['clang-v5.elf', 'plain-clang-v5.elf', packaged('clang-v5.elf')],
] as const) {
  test(`split debug information matches ${plain}: ${split}, ${files === inFolder ? '.dwo' : '.dwp'}`, () => {
    const { symbols } = open(split, files);
    // In DWARF 4, gcc 12 writes a wrong end address for a location in `make_pair` (".LVL16-.LVL15-1", without
    // parentheses).
    const isWrong = (name: string) => plain === 'plain-v4.elf' && name === 'make_pair';
    const names = { ...NAMES, functions: FUNCTIONS.filter((name) => !isWrong(name)) };
    const expected = describeSymbols(openSymbols({ name: 'x.elf', bytes: read(plain) }), names);
    assert.ok(expected.functions.length >= 5);
    assert.ok(expected.functions.some(({ values }) => values.flat().length > 10));
    assert.deepEqual(describeSymbols(symbols, names), expected);
    assert.deepEqual(symbols.diagnostics, []);
  });
}

test('a .dwo file is opened only when debug information of its unit is needed', () => {
  const { symbols, requests } = open('v5.elf', inFolder);
  const splits = () => requests.flatMap((request) => (request.kind === 'split' ? [request.name] : []));
  const [{ address }] = symbols.symbolsNamed('main');
  assert.equal(symbols.lineAt(address)?.file.name, 'flow.c');
  assert.deepEqual(splits(), []);
  assert.equal(symbols.functionAt(address)?.line, 67);
  assert.deepEqual(splits(), ['flow-v5.dwo']);
});

test('without its .dwo files, a program has lines and function names, and one diagnostic names the first file', () => {
  const { symbols } = open('v5.elf', () => undefined);
  const [main] = symbols.functionsNamed('main');
  assert.equal(symbols.lineAt(main.low)?.line, 67);
  assert.deepEqual(symbols.scopesAt(main.low), []);
  assert.equal(symbols.typeNamed('struct pair'), undefined);
  assert.equal(symbols.diagnostics.length, 1);
  assert.match(
    symbols.diagnostics[0],
    /^x\.elf: its debug information is in other files, and \S+\.dwo was not found\./,
  );
});

test('a .dwo file from another build is not used', () => {
  for (const other of [read('second-v5.dwo'), read('flow-v4.dwo'), new Uint8Array(), read('plain-v5.elf')]) {
    const { symbols } = open('v5.elf', (name) => (name === 'flow-v5.dwo' ? other : inFolder(name)));
    assert.equal(symbols.typeNamed('struct pair'), undefined);
    assert.match(symbols.diagnostics[0], /flow-v5\.dwo was not found/);
  }
});

longTest('damaged .dwo and .dwp files at worst lead to missing results', (t) => {
  const { seed } = SeededRandom.forTest(t);
  const cases = [
    { program: 'v4.elf', companions: ['flow-v4.dwo'] },
    { program: 'types-v5.elf', companions: ['flow-types-v5.dwo'] },
    { program: 'clang-v5.elf', companions: ['clang-v5.elf.dwp'] },
  ];
  let answers = 0;
  for (let round = 0; round < 150; round++) {
    const random = new SeededRandom(seed + round);
    const { program, companions } = random.pick(cases);
    const [companion] = companions;
    const bytes = read(companion);
    for (let flips = 1 + random.below(10); flips > 0; flips--) {
      bytes[random.below(bytes.length)] = random.pick([0, 1, 0x7f, 0x80, 0xff, random.below(256)]);
    }
    const findCompanion: FindCompanion = (request, accepts) => {
      const isWanted = request.kind === 'package' ? companion.endsWith('.dwp') : request.kind === 'split';
      const file = { name: companion, bytes };
      return isWanted && accepts(file) ? file : undefined;
    };
    const symbols = openSymbols({ name: 'x.elf', bytes: read(program) });
    const [{ address }] = symbols.symbolsNamed('main');
    answers += queryEverything(read(program), [address, address + 20n], random, { findCompanion }).answers;
  }
  assert.ok(answers > 150, `${answers}`);
});

test('the counts in a damaged package index are checked before anything is allocated', () => {
  for (const counts of [
    [0xffff_ffff, 1, 1],
    [1, 0xffff_ffff, 1],
    [1, 1, 0xffff_ffff],
    [0xffff_ffff, 0xffff_ffff, 0],
  ]) {
    const bytes = new Uint8Array(64);
    [5, ...counts].forEach((value, i) => new DataView(bytes.buffer).setUint32(4 * i, value, true));
    assert.throws(() => readPackageIndex(makeSection('.debug_cu_index', bytes)), MalformedData);
  }
});
