/** A line step ends at the first row of another line, and skips inlined functions and rows that are not statements. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Symbols } from '../../../debug-adapter/engine/index.ts';
import { StepLocation } from '../../../debug-adapter/engine/session/stepLocation.ts';

/** A row of a line table: the first address, the line (0 for none), and the file if it is not `a.c`. */
type Row = [start: number, line: number, options?: { isStatement?: boolean; file?: string }];
interface Inlined {
  name: string;
  start: number;
  end: number;
  callLine: number;
}

/** Returns symbols with the given line table and one function, which begins at the first row. */
function symbolsOf(rows: Row[], inlined: Inlined[] = []): Symbols {
  const table = rows.map(([start, line, { isStatement = true, file = 'a.c' } = {}], i) => {
    return {
      file: { path: file },
      line,
      isStatement,
      start: BigInt(start),
      end: BigInt(rows[i + 1]?.[0] ?? start + 4),
    };
  });
  const lineAt = (pc: bigint) => table.find((row) => row.start <= pc && pc < row.end && row.line > 0);
  /** The range of the adjacent rows that belong to the same line. */
  const statementRange = (pc: bigint) => {
    let [first, last] = [lineAt(pc), lineAt(pc)];
    if (!first || !last) return [];
    const isSame = (row: typeof first) => row?.line === first?.line && row?.file.path === first?.file.path;
    while (isSame(lineAt(first.start - 1n))) first = lineAt(first.start - 1n)!;
    while (isSame(lineAt(last.end))) last = lineAt(last.end)!;
    return [{ start: first.start, end: last.end }];
  };
  const inlinedAt = (pc: bigint) =>
    inlined
      .map(({ name, start, end, callLine }) => {
        const range = { start: BigInt(start), end: BigInt(end) };
        return { name, entry: range.start, range, callFile: { path: 'a.c' }, callLine };
      })
      .filter(({ range }) => range.start <= pc && pc < range.end);
  return {
    ...{ lineAt, inlinedAt, statementRanges: statementRange },
    functionAt: () => ({ low: table[0].start }),
  } as unknown as Symbols;
}

interface Walk {
  /** The addresses that are executed, beginning with the address at which the step starts. */
  pcs: number[];
  kind?: 'over' | 'in';
  /** The addresses in `pcs` that are reached by a call or a return. */
  otherFrame?: number[];
}

/** Returns the address at which a step ends; undefined if the step does not end. */
function endOf(symbols: Symbols, direction: 'forwards' | 'backwards', { pcs, kind = 'over', otherFrame = [] }: Walk) {
  const location = new StepLocation(symbols, BigInt(pcs[0]), direction);
  return pcs.slice(1).find((pc) => {
    const step = { kind, isSameFrame: !otherFrame.includes(pc) };
    return direction === 'forwards'
      ? location.endsForwards(BigInt(pc), step)
      : location.endsBackwards(BigInt(pc), step);
  });
}

// The rows at 120 and 140 are adjacent and both belong to line 11. The code of line 13 is in two parts.
const ROWS = symbolsOf([
  [100, 10],
  [120, 11],
  [140, 11],
  [160, 12, { isStatement: false }],
  [180, 12],
  [200, 13],
  [220, 11],
  [240, 13],
  [260, 13, { file: 'b.h' }],
  [280, 0],
]);

for (const [what, walk, end] of [
  ['a step within a row ends at the next line', { pcs: [120, 124, 128, 180] }, 180],
  ['another row of the same line is skipped', { pcs: [120, 140, 220, 240] }, 240],
  ['the same line number in another file is another line', { pcs: [240, 260] }, 260],
  ['a jump to the second of two adjacent rows ends the step', { pcs: [200, 140] }, 140],
  ['after a jump into the middle of a line, the step ends at the next line', { pcs: [120, 204, 208, 220] }, 220],
  [
    'after a jump into the middle of a line, the other part of that line is skipped',
    { pcs: [120, 204, 240, 260] },
    260,
  ],
  [
    'a row that is not a statement is skipped, and the step ends at a statement of the same line',
    { pcs: [120, 160, 164, 180] },
    180,
  ],
  [
    'a row that is not a statement is skipped, and the step still leaves the line where it started',
    { pcs: [140, 160, 220, 240] },
    240,
  ],
  [
    'after a return into a row that is not a statement, any line ends the step',
    { pcs: [140, 160, 220], otherFrame: [160] },
    220,
  ],
  [
    'after a jump into the middle of a row that is not a statement, the step ends when it leaves the line of that row',
    { pcs: [140, 164, 180, 220] },
    220,
  ],
  ['code without lines ends a step', { pcs: [260, 280] }, 280],
  ['a step from code without lines ends after one instruction', { pcs: [280, 284] }, 284],
  ['a step from code without lines ends even in the middle of a line', { pcs: [280, 104] }, 104],
] as [string, Walk, number][]) {
  test(`forwards: ${what}`, () => assert.equal(endOf(ROWS, 'forwards', walk), end));
}

for (const [what, walk, end] of [
  ['a step ends at the start of the line', { pcs: [208, 204, 200] }, 200],
  ['a step from the start of a line ends at the start of the previous line', { pcs: [220, 204, 200] }, 200],
  ['adjacent rows of a line count as one row', { pcs: [160, 144, 140, 124, 120] }, 120],
  ['adjacent rows count as one row in the line where the step starts, too', { pcs: [144, 140, 124, 120] }, 120],
  [
    'adjacent rows count as one row even if the step starts at the start of the second row',
    { pcs: [140, 124, 120] },
    120,
  ],
  ['a step from the first line of a function ends at the call', { pcs: [104, 100, 224, 220], otherFrame: [224] }, 220],
  [
    'a step from the start of the second line goes through the first line of the function to the call',
    { pcs: [120, 104, 224, 220] },
    220,
  ],
  [
    'code of the same line in the frame of a recursive call does not end the step',
    { pcs: [204, 200], otherFrame: [200] },
    undefined,
  ],
  ['code without lines ends a step', { pcs: [100, 280] }, 280],
  ['a step from code without lines ends after one instruction', { pcs: [284, 280] }, 280],
  ['a step from code without lines ends even in the middle of a line', { pcs: [280, 264] }, 264],
] as [string, Walk, number | undefined][]) {
  test(`backwards: ${what}`, () => assert.equal(endOf(ROWS, 'backwards', walk), end));
}

test('a step back into the end of a function ends at the start of the row that it enters', () => {
  const location = new StepLocation(ROWS, 240n, 'backwards');
  assert.deepEqual(
    [224n, 220n, 144n, 140n, 120n, 280n].map((pc) => location.enterRow(pc)),
    [false, true, false, false, true, true],
  );
});

// `outer` is inlined at line 20 and contains `inner`, which is inlined at line 51. A row of line 23 precedes `late`.
const INLINED = symbolsOf(
  [
    [100, 19],
    [120, 50],
    [140, 51],
    [160, 60],
    [180, 61],
    [200, 52],
    [220, 20],
    [240, 21],
    [260, 23],
    [280, 70],
    [300, 71],
    [320, 24],
  ],
  [
    { name: 'inner', start: 160, end: 200, callLine: 51 },
    { name: 'outer', start: 120, end: 220, callLine: 20 },
    { name: 'late', start: 280, end: 320, callLine: 23 },
  ],
);

for (const [what, walk, end] of [
  ['a step over ends at a call site without a row', { pcs: [100, 120] }, 120],
  [
    'a step over from such a call site skips the inlined function and the rest of the line',
    { pcs: [120, 140, 160, 200, 220, 240] },
    240,
  ],
  ['a step in enters the inlined function', { pcs: [120, 140], kind: 'in' }, 140],
  ['a step over skips an inlined function of its line', { pcs: [260, 280, 284, 300, 320] }, 320],
  ['a step in ends at the start of the inlined function', { pcs: [260, 280], kind: 'in' }, 280],
  [
    'within an inlined function, a step over skips a function that is inlined into it',
    { pcs: [140, 160, 180, 200] },
    200,
  ],
  ['a step out of an inlined function ends at the next line', { pcs: [200, 220] }, 220],
  [
    'a step out of an inlined function into the middle of a line ends when it leaves that line',
    { pcs: [200, 264, 280, 300, 320] },
    320,
  ],
  ['an inlined function reached by a return ends the step', { pcs: [100, 280], otherFrame: [280] }, 280],
] as [string, Walk, number][]) {
  test(`inlined functions, forwards: ${what}`, () => assert.equal(endOf(INLINED, 'forwards', walk), end));
}

for (const [what, walk, end] of [
  ['a step back skips an inlined function and ends at its call site', { pcs: [320, 304, 300, 284, 280] }, 280],
  ['a step back from the call site goes to the start of the line of the call', { pcs: [280, 264, 260] }, 260],
  ['a step back in enters an inlined function', { pcs: [320, 304], kind: 'in' }, 304],
  ['within an inlined function, a step back ends at the start of the line', { pcs: [304, 300] }, 300],
] as [string, Walk, number][]) {
  test(`inlined functions, backwards: ${what}`, () => assert.equal(endOf(INLINED, 'backwards', walk), end));
}
