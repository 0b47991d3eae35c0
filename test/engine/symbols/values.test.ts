/** The values of variables and their members are printed as in gdb. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Symbols } from '../../../debug-adapter/engine/symbols/index.ts';
import { requireTool } from '../../support/tools.ts';
import { fixture, FIXTURES, open } from './support/fixtures.ts';
import { runGdbCommands, GDB } from './support/gdb.ts';
import { assertSame, leavesOf } from './support/leaves.ts';
import { frameAt } from './support/memory.ts';
import { some } from '../../support/extent.ts';

const PRINT_SETTINGS = ['set print null-stop on', 'set print elements 200', 'set print frame-arguments all'];

for (const file of some(FIXTURES, 4)) {
  test(`the leaf values of every global are printed as in gdb, and their expressions give the same values: ${path.basename(file)}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const frame = frameAt(symbols, file, 'main');
    const leaves = symbols
      .globals(frame.pc)
      .flatMap((variable) => leavesOf(symbols.read(variable, frame)))
      .filter(({ expression }) => expression !== undefined);
    const start = `list main`;
    const answers = runGdbCommands(file, [
      ...PRINT_SETTINGS,
      start,
      ...leaves.map(({ expression }) => `print ${expression}`),
    ]);
    leaves.forEach((leaf, i) => {
      const [answer = ''] = answers[PRINT_SETTINGS.length + 1 + i];
      assertSame(leaf, answer);
      const again = symbols.evaluate(leaf.expression as string, frame);
      assert.equal(again.kind === 'value' && again.value.text, leaf.text, leaf.expression);
    });
    if (path.basename(file).startsWith('types')) assert.ok(leaves.length > 300, `${leaves.length}`);
  });
}

test('structs, arrays and strings are printed on one line, as in gdb', (t) => {
  if (!requireTool(GDB, t)) return;
  const file = fixture('types-O0-v5');
  const names = [
    'second.at',
    'names',
    'text',
    'unterminated',
    'escapes',
    'outer.matrix',
    'outer.points',
    'sparse',
    'cube',
    'number_int',
    'bits',
    'packed',
    'record.apply',
    'zeros',
    'matrix_row[0]',
    'outer.table',
    'wide',
    'apply_twice',
  ];
  const symbols = open(file);
  const frame = frameAt(symbols, file, 'main');
  const answers = runGdbCommands(file, [...PRINT_SETTINGS, ...names.map((name) => `print ${name}`)]).slice(
    PRINT_SETTINGS.length,
  );
  // PRINT_SETTINGS makes gdb end every string at its first zero. blkreplay does so only for arrays of `char`.
  const differing = new Map([['zeros', "'\\000' <repeats 299 times>"]]);
  names.forEach((name, i) => {
    const text = textOf(symbols, name, frame);
    assert.equal(text, differing.get(name) ?? answers[i][0].replace(/^\$\d+ = (\(\w+\) (?=0x))?/, ''), name);
  });
});

test('a long array expands into nested groups, in which the elements keep their names', () => {
  const symbols = open(fixture('types-O0-v5'));
  const frame = frameAt(symbols, fixture('types-O0-v5'), 'main');
  const many = symbols.evaluate('(char [2500000])first', frame);
  assert.ok(many.kind === 'value');
  const groups = many.value.children();
  assert.deepEqual([groups.length, many.value.childCount], [3, 3]);
  assert.deepEqual(
    groups.map(({ name }) => name),
    ['[0..999999]', '[1000000..1999999]', '[2000000..2499999]'],
  );
  const inner = groups[1].children();
  assert.deepEqual([inner.length, groups[1].childCount, inner[3].name], [1000, 1000, '[1003000..1003999]']);
  const element = inner[3].children()[7];
  assert.equal(element.name, '[1003007]');
  assert.equal(element.lvalue?.address, (many.value.lvalue?.address ?? 0n) + 1_003_007n);
});

test('unreadable memory is reported as such', () => {
  const symbols = open(fixture('types-O0-v5'));
  const frame = frameAt(symbols, fixture('types-O0-v5'), 'main');
  assert.equal(textOf(symbols, '*(int *)16', frame), '<cannot read 0x10>');
  assert.equal(textOf(symbols, '*(struct point *)16', frame), '{x = <cannot read 0x10>, y = <cannot read 0x14>}');
  assert.equal(textOf(symbols, '(char *)16', frame), '0x10');
});

test('a pointer to a struct expands to its members', () => {
  const symbols = open(fixture('types-O0-v5'));
  const frame = frameAt(symbols, fixture('types-O0-v5'), 'main');
  const next = symbols.evaluate('first.next', frame);
  assert.ok(next.kind === 'value');
  assert.deepEqual(
    next.value.children().map(({ name, expression }) => [name, expression]),
    [
      ['next', 'first.next->next'],
      ['name', 'first.next->name'],
      ['at', 'first.next->at'],
      ['color', 'first.next->color'],
      ['bytes', 'first.next->bytes'],
    ],
  );
  const nobody = symbols.evaluate('first.next->next', frame);
  assert.ok(nobody.kind === 'value');
  assert.deepEqual([nobody.value.childCount, nobody.value.children()], [0, []]);
});

function textOf(symbols: Symbols, expression: string, frame: ReturnType<typeof frameAt>): string {
  const evaluation = symbols.evaluate(expression, frame);
  assert.ok(evaluation.kind === 'value');
  return evaluation.value.text;
}
