/** Damaged debug information and damaged ELF files at worst lead to missing results or a UserError. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { readElfFile } from '../../../debug-adapter/engine/symbols/elf/elfFile.ts';
import { type FindCompanion, openSymbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { guest } from '../../support/guests.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { damagedElf } from './support/damagedElf.ts';
import { LANGUAGE_NAMES, queryEverything, type QueriedNames } from './support/exercise.ts';
import { fixture } from './support/fixtures.ts';
import { LANGUAGE_PROGRAMS, requireTools } from './support/languagePrograms.ts';

/** The number of rounds for each file. For a longer run, set BLKREPLAY_FUZZ_ROUNDS=6000. */
const ROUNDS = Number(process.env.BLKREPLAY_FUZZ_ROUNDS ?? 500);
/** The maximum number of register and memory reads in a round. A round usually needs a few thousand reads. */
const READS_MAX = 100_000;
/** The maximum processor time of a round. A round usually takes a few milliseconds. */
const ROUND_MS_MAX = 1000;

const FILES: [string, string][] = [
  ['-O0, DWARF 5', guest('demo/demo')],
  ['-Og, DWARF 5', fixture('flow-Og-v5')],
  ['-Og, DWARF 4', fixture('types-Og-v4')],
  ['.debug_types and .eh_frame', fixture('flow-eh-types')],
  ['Rust', fixture('rust/values-O0')],
  ['C++', fixture('values/classes-gcc')],
  ['arrays of variable length', fixture('values/numbers-gcc')],
  ['implicit pointers and typed expressions', fixture('values/optimized-v5')],
  ['sections compressed with zlib', fixture('flow-compressed')],
  ['sections compressed with zstd', fixture('flow-zstd')],
  ['an index of names: debug-names', fixture('indexes/debug-names')],
  ['an index of names: debug-names-merged', fixture('indexes/debug-names-merged')],
  ['an index of names: debug-names-types', fixture('indexes/debug-names-types')],
  ['an index of names: gdb-debug-names', fixture('indexes/gdb-debug-names')],
  ['an index of names: gdb-index', fixture('indexes/gdb-index')],
  ['an index of names: gdb-index-c', fixture('indexes/gdb-index-c')],
  ['an index of names: gnu-pubnames', fixture('indexes/gnu-pubnames')],
  ['an index of names: gnu-pubnames-c', fixture('indexes/gnu-pubnames-c')],
  ['an index of names: linker-index', fixture('indexes/linker-index')],
  ['an index of names: scopes', fixture('indexes/scopes')],
  ['an index of names: split', fixture('indexes/split')],
];

/** Programs with split debug information, and the file that contains it. */
const SPLIT: [program: string, companion: string][] = [
  ['split/v4', 'flow-v4.dwo'],
  ['split/types-v5', 'flow-types-v5.dwo'],
  ['split/clang-v5', 'clang-v5.elf.dwp'],
];

/** Ten programs that together cover every compiler and language. By default, they are tested in 5,000 rounds. */
const PROGRAMS = [
  'values.c, gcc 12, -Og, DWARF 5',
  'values.c, gcc 12, -O2 -flto, DWARF 4',
  'values.c, clang 14, -O2, DWARF 5',
  'values.c, clang 19, -O0, DWARF 4',
  'classes.cpp, gcc 12, -O2, DWARF 4',
  'classes.cpp, clang 14, -O0, DWARF 4',
  'classes.cpp, clang 19, -O2 -flto, DWARF 5',
  'enums.rs, rustc, opt-level 0, DWARF 4',
  'enums.rs, rustc, opt-level 2, DWARF 5',
  'calls.S, gcc 12, DWARF 5',
];

for (const program of LANGUAGE_PROGRAMS.filter(({ name }) => PROGRAMS.includes(name))) {
  test(`a damaged ELF file is rejected, or at worst leads to missing results: ${program.name}`, (t) => {
    if (requireTools(program, t)) fuzz(t, program.build(), damagedElf, { names: LANGUAGE_NAMES });
  });
}

for (const [what, file] of FILES) {
  test(`damaged debug information at worst leads to missing results: ${what}`, (t) => {
    fuzz(t, file, damagedSections);
  });
}

test('a type with a negative size is not read', (t) => {
  fuzz(t, fixture('values/classes-gcc'), damagedSections, { seeds: [1843101052] });
});

for (const [program, companion] of SPLIT) {
  test(`damaged split debug information at worst leads to missing results: ${companion}`, (t) => {
    const file = fixture(program);
    const original = fs.readFileSync(path.join(path.dirname(file), companion));
    fuzz(t, file, (_, random) => damagedElf(original, random), { companion });
  });
}

test('a damaged ELF file is rejected with a message, or treated as a file without symbols', (t) => {
  fuzz(t, guest('demo/demo'), (original, random) => {
    const bytes = new Uint8Array(original);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const headers = Number(view.getBigUint64(40, true));
    for (let flips = 1 + random.below(6); flips > 0; flips--) {
      const at = random.chance(0.3) ? random.below(64) : headers + random.below(bytes.length - headers);
      bytes[at] = random.below(256);
    }
    return bytes;
  });
});

test('a truncated file is rejected with a message, or treated as a file without symbols', (t) => {
  const whole = fs.readFileSync(guest('demo/demo'));
  const random = SeededRandom.forTest(t);
  for (let round = 0; round < 60; round++)
    queryEverything(whole.subarray(0, random.below(whole.length)), [0x80002100n], random);
});

test('a huge size or count in a damaged file does not cause a huge allocation', () => {
  // An ELF file whose section table claims 2^60 sections of 2^60 bytes each.
  const bytes = new Uint8Array(fs.readFileSync(guest('demo/demo')));
  const view = new DataView(bytes.buffer);
  const headers = Number(view.getBigUint64(40, true));
  view.setUint16(60, 0, true);
  view.setBigUint64(headers + 32, 1n << 60n, true);
  assert.throws(() => openSymbols({ name: 'x.elf', bytes }), /truncated/);
});

/** Changes up to 40 bytes of the debug information. */
function damagedSections(original: Uint8Array, random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(original);
  const sections = readElfFile(bytes, 'damaged.elf').sections.filter(
    ({ name, bytes }) => /debug|eh_frame|tab/.test(name) && bytes.length > 0,
  );
  for (let flips = 1 + random.below(random.chance(0.5) ? 3 : 40); flips > 0; flips--) {
    const section = random.pick(sections).bytes;
    section[random.below(section.length)] = random.chance(0.3) ? random.pick([0, 0x7f, 0x80, 0xff]) : random.below(256);
  }
  return bytes;
}

/**
 * Repeatedly damages a copy of a file and runs every query on it. With `companion`, the damaged file is the companion
 * with this name, and the program itself is not damaged.
 */
function fuzz(
  t: TestContext,
  file: string,
  damage: (original: Uint8Array, random: SeededRandom) => Uint8Array,
  { names, companion, seeds }: { names?: QueriedNames; companion?: string; seeds?: number[] } = {},
): void {
  const original = fs.readFileSync(file);
  const { seed: first } = SeededRandom.forTest(t);
  const code = readElfFile(original, file).sections.find(({ name }) => name === '.text');
  assert.ok(code);
  const pcs = Array.from({ length: 200 }, (_, i) => code.address + BigInt(Math.floor((code.bytes.length * i) / 200)));
  let slowest = 0;
  let answers = 0;
  let reads = 0;
  const all = seeds ?? Array.from({ length: ROUNDS }, (_, round) => first + round);
  for (const [round, seed] of all.entries()) {
    const random = new SeededRandom(seed);
    const bytes = damage(original, random);
    const start = process.cpuUsage();
    const where = `round ${round}, BLKREPLAY_SEED=${seed}`;
    try {
      const findCompanion: FindCompanion = (request, accepts) => {
        const isWanted = request.kind === (companion?.endsWith('.dwp') ? 'package' : 'split');
        const damaged = { name: companion ?? '', bytes };
        return companion && isWanted && accepts(damaged) ? damaged : undefined;
      };
      const program = companion ? original : bytes;
      const options = { names, findCompanion: companion ? findCompanion : undefined };
      const queried = queryEverything(program, [random.pick(pcs), random.pick(pcs)], random, options);
      answers += queried.answers;
      reads = Math.max(reads, queried.reads);
    } catch (error) {
      throw new Error(where, { cause: error });
    }
    const { user, system } = process.cpuUsage(start);
    slowest = Math.max(slowest, (user + system) / 1000);
    assert.ok(slowest < ROUND_MS_MAX, `${where}: ${slowest.toFixed(0)} ms`);
    assert.ok(reads < READS_MAX, where);
  }
  t.diagnostic(`${all.length} rounds, ${answers} answers, at most ${reads} reads, slowest ${slowest.toFixed(0)} ms`);
  assert.ok(answers > all.length, 'most of each file is still readable');
}
