/** Values that optimized code keeps in pieces, in registers or only in the debug information are shown as in gdb. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localsOf } from '../../../debug-adapter/engine/session/frameVariables.ts';
import { fixture, open } from './support/fixtures.ts';
import { frameAt } from './support/memory.ts';
import { localNamed, runFixture, valueIn } from './support/run.ts';

for (const name of ['v5', 'v4']) {
  const file = fixture(`values/optimized-${name}`);

  test(`a pointer to a variable that is not in memory expands to the variable's value: DWARF ${name}`, (t) => {
    const frames = runFixture(file, t)('stop');
    const sum = frames.find(({ source }) => source.name === 'sum')!;
    const at = localNamed(sum, 'at');
    assert.deepEqual([at.text, at.typeName, at.childCount], ['<synthetic pointer>', 'const struct point *', 2]);
    assert.deepEqual(
      at.children().map((child) => [child.name, child.text, child.expression]),
      [
        ['x', '11', 'at->x'],
        ['y', '12', 'at->y'],
      ],
    );
    assert.deepEqual(
      ['*at', 'at->y', '*scale', 'scale', 'at->x * *scale', 'scale + 1'].map((text) => valueIn(sum, text)),
      [
        '{x = 11, y = 12}',
        '12',
        '3',
        '<synthetic pointer>',
        '33',
        'scale is optimized out here. Go to a position at which it has a value, or build with less optimization.',
      ],
    );
  });

  test(`the values of overwritten arguments are computed from the call site: DWARF ${name}`, (t) => {
    const run = runFixture(file, t);
    run('stop');
    const entry = run('stop').find(({ source }) => source.name === 'entry')!;
    assert.deepEqual(
      localsOf(entry).map((local) => [local.name, local.text]),
      [
        ['first', '0'],
        ['second', '1.25'],
        ['third', '7'],
      ],
    );
  });

  test(`a struct in pieces and computed floating-point numbers have the right values: DWARF ${name}`, (t) => {
    const run = runFixture(file, t);
    run('stop');
    run('stop');
    const pieces = run('stop').find(({ source }) => source.name === 'pieces')!;
    assert.deepEqual(
      localsOf(pieces)
        .map((local) => [local.name, local.text])
        .sort(),
      [
        ['bits', '{a = 5, b = -3, c = 70000}'],
        ['d', '10'],
        ['mixed', '{whole = 4, real = 10}'],
        ['n', '4'],
        ['narrow', '10'],
        ['third', '3.3333333333333335'],
      ],
    );
  });
}

test('a global that the compiler removed is shown as optimized out, and a constant static member has its value', () => {
  const named = (file: string, functionName: string, name: string) => {
    const symbols = open(file);
    const frame = frameAt(symbols, file, functionName);
    const variable = symbols.globals(frame.pc).find((each) => each.name === name);
    return variable && symbols.read(variable, frame).text;
  };
  assert.equal(named(fixture('values/optimized-v5'), 'main', 'removed'), '<optimized out>');
  assert.equal(named(fixture('values/classes-gcc'), 'main', 'Shape::LIMIT'), '12');
});
