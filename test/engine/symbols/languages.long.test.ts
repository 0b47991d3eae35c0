/** Values, frames and registers are the same as in gdb at the statements of programs in C, C++, Rust and assembly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../support/seededRandom.ts';
import { requireTool } from '../../support/tools.ts';
import { GDB } from './support/gdb.ts';
import { compareWithGdb, type Comparison, type Difference } from './support/gdbComparison.ts';
import { KNOWN_DIFFERENCES, type KnownDifference } from './support/knownDifferences.ts';
import { LANGUAGE_PROGRAMS, type LanguageProgram, requireTools } from './support/languagePrograms.ts';
import { sampleValues } from './support/valueSamples.ts';

/**
 * The programs that are compared by default, because they cover the most cases. Set BLKREPLAY_LANGUAGE_PROGRAMS=100 to
 * compare all programs.
 */
const SELECTED = [
  'values.c, gcc 12, -Og, DWARF 5',
  'values.c, gcc 12, -O2 -flto, DWARF 4',
  'values.c, clang 14, -O0, DWARF 4',
  'values.c, clang 19, -O2, DWARF 5',
  'classes.cpp, gcc 12, -O0, DWARF 4',
  'classes.cpp, clang 14, -O2 -flto, DWARF 5',
  'classes.cpp, clang 19, -Og, DWARF 4',
  'enums.rs, rustc, opt-level 0, DWARF 4',
  'enums.rs, rustc, opt-level 2, DWARF 5',
  'calls.S, gcc 12, DWARF 5',
];
const PROGRAMS = Number(process.env.BLKREPLAY_LANGUAGE_PROGRAMS ?? SELECTED.length);
/** The number of stops at each statement. */
const HITS = Number(process.env.BLKREPLAY_LANGUAGE_HITS ?? 1);

const FILES = ['values.c', 'second.c', 'helpers.h', 'classes.cpp', 'enums.rs', 'calls.S'];
/** The maximum proportion of values, call stacks and registers that may differ from those in gdb. */
const UNEQUAL_MAX = 0.005;

/** The results for all programs of a language. */
interface Total {
  values: number;
  unequalValues: number;
  unequalTypes: number;
  stacks: number;
  unequalStacks: number;
  /** The number of differences that have no known reason, or in which gdb shows more than blkreplay. */
  worse: number;
}
const totals = new Map<LanguageProgram['language'], Total>();

const inOrder = LANGUAGE_PROGRAMS.toSorted((a, b) => rank(a) - rank(b));

for (const program of inOrder.slice(0, PROGRAMS)) {
  test(`values, frames and registers are the same as in gdb at every statement: ${program.name}`, (t) => {
    if (!requireTool(GDB, t) || !requireTool('qemu-system-riscv64', t) || !requireTools(program, t)) return;
    const { seed } = SeededRandom.forTest(t);
    const file = program.build();
    const samples = sampleValues(file, { files: FILES, hits: HITS, stops: Infinity, portion: 1, seed });
    const compared = compareWithGdb(file, samples);
    addTo(program.language, samples.length, compared);
    const worse = compared.differences.filter((difference) => knownKind(difference)?.isWorse !== false);
    const [stacks, registers] = (['frame', 'register'] as const).map((kind) => countOf(worse, kind));
    const values = worse.length - stacks - registers;
    t.diagnostic(
      JSON.stringify({ stops: samples.length, values: compared.values, unequal: { values, stacks, registers } }),
    );
    assert.ok(samples.length > 20);
    const examples = JSON.stringify(worse.slice(0, 10), undefined, 2);
    assert.ok(stacks <= samples.length * UNEQUAL_MAX, `${stacks} of ${samples.length} stacks differ: ${examples}`);
    assert.ok(values <= compared.values * UNEQUAL_MAX, `${values} of ${compared.values} values differ: ${examples}`);
    assert.ok(registers <= compared.registers * UNEQUAL_MAX, `${registers} registers differ: ${examples}`);
    const unknown = worse.filter((difference) => knownKind(difference) === undefined);
    assert.deepEqual(
      unknown.filter(({ kind }) => kind === 'wrong'),
      [],
      'no value is wrong',
    );
  });
}

test('at least 99.5% of the values and stacks of all programs are the same as in gdb', (t) => {
  if (totals.size === 0) return t.skip('no program could be compared');
  const sum = { values: 0, unequalValues: 0, unequalTypes: 0, stacks: 0, unequalStacks: 0, worse: 0 };
  for (const [language, total] of totals) {
    t.diagnostic(`${language}: ${summaryOf(total)}`);
    for (const [name, count] of Object.entries(total)) sum[name as keyof Total] += count;
  }
  t.diagnostic(`all languages: ${summaryOf(sum)}`);
  assert.ok(sum.unequalValues <= sum.values * UNEQUAL_MAX, summaryOf(sum));
  assert.ok(sum.unequalStacks <= sum.stacks * UNEQUAL_MAX, summaryOf(sum));
});

function addTo(language: LanguageProgram['language'], stacks: number, { values, differences }: Comparison): void {
  const total = totals.get(language) ?? {
    ...{ values: 0, unequalValues: 0, unequalTypes: 0, stacks: 0, unequalStacks: 0, worse: 0 },
  };
  totals.set(language, total);
  total.values += values;
  total.stacks += stacks;
  for (const difference of differences) {
    if (difference.kind === 'register') continue;
    if (difference.kind === 'type') total.unequalTypes++;
    else if (difference.kind === 'frame') total.unequalStacks++;
    else total.unequalValues++;
    if (knownKind(difference)?.isWorse !== false) total.worse++;
  }
}

function summaryOf({ values, unequalValues, unequalTypes, stacks, unequalStacks, worse }: Total): string {
  const equal = (unequal: number, all: number) => `${(100 - (100 * unequal) / Math.max(1, all)).toFixed(2)} % equal`;
  return (
    `${values} values: ${equal(unequalValues, values)}, their types: ${equal(unequalTypes, values)}; ` +
    `${stacks} stacks: ${equal(unequalStacks, stacks)}; ${worse} differences that are not known to be mistakes of gdb`
  );
}

function rank({ name }: LanguageProgram): number {
  const index = SELECTED.indexOf(name);
  return index < 0 ? SELECTED.length : index;
}

function knownKind(difference: Difference): KnownDifference | undefined {
  return KNOWN_DIFFERENCES.find(({ applies }) => applies(difference));
}

function countOf(differences: readonly Difference[], kind: Difference['kind']): number {
  return differences.filter((difference) => difference.kind === kind).length;
}
