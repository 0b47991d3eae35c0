/** C++ classes, references, member pointers, scopes and enums have the same values, types and names as in gdb. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTool } from '../../support/tools.ts';
import { fixture, open } from './support/fixtures.ts';
import { runGdbCommands, GDB } from './support/gdb.ts';
import { assertSame, leavesOf } from './support/leaves.ts';
import { frameAt } from './support/memory.ts';
import { localNamed, runFixture, valueIn, type StoppedFrame } from './support/run.ts';

const SOURCE = fixture('values/classes').replace('.elf', '.cpp');

for (const name of ['gcc', 'clang']) {
  const file = fixture(`values/classes-${name}`);

  test(`the leaf values of every global are printed as in gdb: classes-${name}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const frame = frameAt(symbols, file, 'main');
    const leaves = symbols
      .globals(frame.pc)
      .flatMap((variable) => leavesOf(symbols.read(variable, frame)))
      // gdb 13 cannot parse the names of anonymous namespaces.
      .filter(({ expression = '' }) => /^\w/.test(expression) && !expression.includes('anonymous'));
    const answers = runGdbCommands(file, [
      'list main',
      'set print null-stop on',
      ...leaves.flatMap(({ expression }) => [`print ${expression}`, `whatis ${expression}`]),
    ]).slice(2);
    leaves.forEach((leaf, i) => {
      const answer = answers[2 * i][0].replace(/^(\$\d+ = )\(.*\) @0x\w+: /, '$1');
      assertSame(leaf, answer);
      assert.equal(`type = ${leaf.typeName}`, answers[2 * i + 1][0], leaf.expression);
      const again = symbols.evaluate(leaf.expression as string, frame);
      assert.equal(again.kind === 'value' && again.value.text, leaf.text, leaf.expression);
    });
    assert.ok(leaves.length >= 25, `${leaves.length}`);
  });

  test(`base classes are listed before the members, and virtual base classes are located through the vtable: classes-${name}`, (t) => {
    const [, frame] = runFixture(file, t, SOURCE)('void stop()');
    const childrenOf = (local: string) =>
      localNamed(frame, local)
        .children()
        .map((child) => child.name.replace('$', '.'));
    assert.deepEqual(childrenOf('both'), ['<Left>', '<Right>', 'b']);
    assert.deepEqual(childrenOf('second'), ['_vptr.Right', 'r', 'same']);
    assert.deepEqual(childrenOf('diamond'), ['<V1>', '<V2>', 'd']);
    assert.deepEqual(
      localNamed(frame, 'diamond')
        .children()
        .slice(0, 2)
        .map((base) => base.children().map((child) => [child.name.replace(/\$/, '.'), child.text.replace(/ <.*/, '')])),
      [
        [
          ['<Top>', '{t = 5}'],
          ['_vptr.V1', base(frame, 'diamond', 0)],
          ['v1', '2'],
        ],
        [
          ['<Top>', '{t = 5}'],
          ['_vptr.V2', base(frame, 'diamond', 1)],
          ['v2', '3'],
        ],
      ],
    );
    const [left, right] = localNamed(frame, 'both').children();
    assert.deepEqual([left.typeName, left.expression, right.expression], ['Left', '*(Left *)&both', '*(Right *)&both']);
    // Both base classes have a member `same`, so the expression for the member of `Right` needs a cast to `Right`.
    assert.deepEqual(
      right
        .children()
        .slice(1)
        .map(({ expression }) => expression),
      ['both.r', '(*(Right *)&both).same'],
    );
    for (const child of [...left.children(), ...right.children()].filter(
      ({ expression }) => expression !== undefined,
    )) {
      assert.equal(valueIn(frame, child.expression!), child.text, child.expression);
    }
  });

  test(`casts and pointers to members have the values that gdb prints: classes-${name}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const frame = frameAt(symbols, file, 'main');
    const expressions = [
      ...['&Both::b', '&Both::l', '&Right::r', 'static_cast<long>(1.5)', 'static_cast<unsigned char>(300)'],
      ...['reinterpret_cast<long>(&geo::scale)', 'const_cast<int *>(&geo::scale)', '*static_cast<int *>(&geo::scale)'],
    ];
    const answers = runGdbCommands(file, ['list main', ...expressions.map((each) => `print ${each}`)]).slice(1);
    assert.deepEqual(
      expressions.map((each) => valueIn({ symbols, frame } as StoppedFrame, each)),
      answers.map(([answer]) => answer.replace(/^\$\d+ = (\(int \*\) )?/, '')),
    );
  });

  test(`members are reached through pointers to members: classes-${name}`, (t) => {
    const [, frame] = runFixture(file, t, SOURCE)('void stop()');
    assert.deepEqual(
      valuesIn(frame, ['both.*data_member', '(&both)->*base_member', 'both.*&Right::same', 'both.*data_member + 1']),
      ['30', '20', '2', '31'],
    );
    assert.match(valueIn(frame, 'both.*left'), /<Both::left\(\)>$/);
    assert.match(valueIn(frame, 'both.*plain'), /<Right::plain\(\)>$/);
    assert.match(valueIn(frame, 'both.*5'), /is not a pointer/);
    assert.equal(valueIn(frame, 'static_cast<Right *>(&both) == second'), 'true');
    assert.doesNotThrow(() => frame.symbols.check('both.*data_member == 30', frame.frame));
  });

  test(`members are found in base classes, through references and through "this": classes-${name}`, (t) => {
    const run = runFixture(file, t, SOURCE);
    const [, frame] = run('void stop()');
    assert.deepEqual(
      valuesIn(frame, [
        'both.l + both.r + both.b',
        'both.Right::same',
        'both.Left::same',
        'second->r',
        '(Right *)&both == second',
        '((Both *)second)->b',
        '*(Both *)second == 0',
        'diamond.t',
        'point.y',
        'sizeof(both)',
        '&both == first',
        'method',
        'left',
        'Shape::count',
        'Shape::LIMIT',
        'geo::scale',
        'scale',
        'ambiguous',
        'geo::ambiguous',
        '::ambiguous',
        'geo::hidden',
        'geo::Array<int,3>::count',
        'sizeof(geo::Array<unsigned long, 2>)',
        'sizeof(geo::Outer::Inner)',
        'Mode::Fast',
        '(int)Mode::Fast',
        'geo::RED',
        '(Mode)3',
        'shape->LIMIT',
        'true',
        'both.b == 30',
      ]),
      [
        '60',
        '2',
        '1',
        '20',
        'true',
        '30',
        '*(Both *)second is not a number: its type is Both. Use a number here.',
        '5',
        '2',
        '40',
        'true',
        '&virtual Right::right(int) const',
        '&virtual Both::left()',
        '1',
        '12',
        '4',
        '4',
        '1',
        '2',
        '1',
        '9',
        '12',
        '16',
        '4',
        'Mode::Fast',
        '4',
        'geo::RED',
        'Mode::Slow',
        '12',
        'true',
        'true',
      ],
    );
    const [area] = run('long result =');
    assert.deepEqual(
      valuesIn(area, ['w_ * h_', 'flag_', 'mode_', 'name_ != 0', 'count', 'this->w_', 'sizeof(*this)']),
      ['12', '5', 'Mode::Slow', 'true', '1', '3', '32'],
    );
    const [sum] = run('return x + y + scale');
    assert.deepEqual(valuesIn(sum, ['x + y', 'scale', 'ambiguous', '::ambiguous']), ['3', '4', '2', '1']);
  });
}

function base(frame: StoppedFrame, local: string, index: number): string {
  return localNamed(frame, local).children()[index].children()[1].text.replace(/ <.*/, '');
}

const valuesIn = (frame: StoppedFrame, texts: string[]) => texts.map((text) => valueIn(frame, text));
