/** Debug information that dwz moved to a supplementary file gives the same results as before. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { type FindCompanion, openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { describeSymbols } from './support/describe.ts';
import { queryEverything } from './support/exercise.ts';
import { fixture } from './support/fixtures.ts';
import { longTest } from '../../support/extent.ts';

const FOLDER = path.resolve(import.meta.dirname, 'fixtures/dwz');
const NAMES = {
  functions: ['main', 'sum_of', 'apply_twice'],
  types: ['struct outer', 'struct node', 'struct point', 'enum color', 'u32'],
};

const read = (name: string): Uint8Array => new Uint8Array(fs.readFileSync(path.join(FOLDER, name)));

const companion =
  (name: string, bytes = read(name)): FindCompanion =>
  (request, accepts) => {
    if (request.kind !== 'supplementary') return undefined;
    assert.equal(request.name, name);
    return accepts({ name, bytes }) ? { name, bytes } : undefined;
  };

for (const version of ['v4', 'v5']) {
  const common = `common-${version}.debug`;
  const open = (findCompanion: FindCompanion) =>
    openSymbols({ name: 'x.elf', bytes: read(`${version}.elf`), findCompanion });

  test(`a program with a supplementary file gives the same results as before it was processed by dwz: ${version}`, () => {
    const plain = openSymbols({ name: 'x.elf', bytes: fs.readFileSync(fixture(`types-O0-${version}`)) });
    const symbols = open(companion(common));
    assert.deepEqual(describeSymbols(symbols, NAMES), describeSymbols(plain, NAMES));
    assert.deepEqual(symbols.diagnostics, []);
  });

  test(`if the supplementary file is missing, the remaining debug information is read, and a diagnostic names the file: ${version}`, () => {
    for (const find of [() => undefined, companion(common, read(`${version}.elf`))]) {
      const symbols = open(find);
      const [main] = symbols.functionsNamed('main');
      assert.equal(symbols.lineAt(main.low)?.file.name, 'types.c');
      assert.match(symbols.diagnostics[0], new RegExp(`part of its debug information is in ${common}, which was not`));
    }
  });

  longTest(`a damaged supplementary file at worst leads to missing results: ${version}`, (t) => {
    const { seed } = SeededRandom.forTest(t);
    const program = read(`${version}.elf`);
    const [{ low }] = openSymbols({ name: 'x.elf', bytes: program }).functionsNamed('main');
    for (let round = 0; round < 60; round++) {
      const random = new SeededRandom(seed + round);
      const bytes = read(common);
      for (let flips = 1 + random.below(20); flips > 0; flips--)
        bytes[64 + random.below(bytes.length - 64)] = random.below(256);
      const findCompanion: FindCompanion = (_request, accepts) => {
        accepts({ name: common, bytes });
        return undefined;
      };
      queryEverything(program, [low, low + 20n], random, { findCompanion });
    }
  });
}
