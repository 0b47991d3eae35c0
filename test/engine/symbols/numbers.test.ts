/** Numbers in unusual formats, wide characters and arrays of variable length are shown as in gdb. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requireTool } from '../../support/tools.ts';
import { fixture, open } from './support/fixtures.ts';
import { runGdbCommands, GDB } from './support/gdb.ts';
import { assertSame, leavesOf } from './support/leaves.ts';
import { frameAt } from './support/memory.ts';
import { localNamed, runFixture, valueIn } from './support/run.ts';

for (const name of ['gcc', 'clang']) {
  const file = fixture(`values/numbers-${name}`);

  test(`the leaf values of every global are printed as in gdb: numbers-${name}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const frame = frameAt(symbols, file, 'main');
    const leaves = symbols
      .globals(frame.pc)
      .flatMap((variable) => leavesOf(symbols.read(variable, frame)))
      // For an empty array, gdb does not print the symbol at its address.
      .filter((leaf) => leaf.expression !== 'nothing');
    const answers = runGdbCommands(file, [
      'list main',
      'set print null-stop on',
      ...leaves.flatMap(({ expression }) => [`print ${expression}`, `whatis ${expression}`]),
    ]).slice(2);
    leaves.forEach((leaf, i) => {
      assertSame(leaf, answers[2 * i][0]);
      assert.equal(`type = ${leaf.typeName}`, answers[2 * i + 1][0], leaf.expression);
    });
    assert.ok(leaves.length > 60, `${leaves.length}`);
  });

  test(`arithmetic with complex numbers gives the same results as in gdb: numbers-${name}`, (t) => {
    if (!requireTool(GDB, t)) return;
    const symbols = open(file);
    const frame = frameAt(symbols, file, 'main');
    const expressions = [
      ...['complex_double * 2', 'complex_double + complex_float', 'complex_double / complex_array[1]'],
      ...['-complex_double', 'complex_double - 1', 'complex_float * complex_array[1]'],
      ...['complex_double == complex_double', 'complex_double != -complex_double'],
    ];
    const answers = runGdbCommands(file, ['list main', ...expressions.map((each) => `print ${each}`)]).slice(1);
    const ours = expressions.map((each) => {
      const evaluation = symbols.evaluate(each, frame);
      return evaluation.kind === 'value' && evaluation.value.text;
    });
    assert.doesNotThrow(() => symbols.check('-complex_double * 2 == complex_float', frame));
    assert.deepEqual(
      ours,
      answers.map(([answer]) => answer.replace(/^\$\d+ = /, '')),
    );
  });

  test(`the length of a variable-length array is computed for each frame: numbers-${name}`, (t) => {
    const [, frame] = runFixture(file, t)('stop');
    const texts = [
      'squares',
      'fixed',
      'text[3]',
      'cube[1][3]',
      'sizeof(squares)',
      'sizeof text',
      '&squares[3] - &squares[0]',
      '&text[2] - &text[0]',
    ].map((text) => valueIn(frame, text));
    assert.deepEqual(texts, [
      '{0, 1, 4, 9}',
      '{{0, 1, 2}, {100, 101, 102}}',
      '"jkl"',
      '{21, 22, 23}',
      '16',
      '12',
      '3',
      '2',
    ]);
    const text = localNamed(frame, 'text');
    assert.deepEqual([text.typeName, text.childCount, text.children()[1].text], ['char [4][3]', 4, '"def"']);
    // If a parameter points to an array, clang's debug information does not describe the length of the array.
    if (name === 'clang') return;
    assert.equal(localNamed(frame, 'rows').typeName, 'int (*)[variable length]');
    assert.deepEqual(
      ['rows[1][1]', 'rows[1]', '*(rows + 1)'].map((text) => valueIn(frame, text)),
      ['6', '{5, 6, 7, 8}', '{5, 6, 7, 8}'],
    );
  });
}

test('writing a bit-field that crosses the end of its storage unit does not change its neighbors', () => {
  const file = fixture('values/numbers-clang');
  const symbols = open(file);
  const evaluation = symbols.evaluate('crossing.high', frameAt(symbols, file, 'main'));
  assert.ok(evaluation.kind === 'value');
  const { address = 0n, bits } = evaluation.value.lvalue ?? {};
  assert.deepEqual([address & 0xfn, bits], [(symbolAddress(file, 'crossing') + 3n) & 0xfn, { offset: 3, width: 30 }]);
});

test('a long double is shown, and used in calculations, with full precision', () => {
  const file = fixture('values/numbers-gcc');
  const symbols = open(file);
  const frame = frameAt(symbols, file, 'main');
  const texts = Object.entries({
    pi: '3.1415926535897932384626433832795028',
    tiny: '1e-4000',
    huge: '1e+4000',
    third: '0.3333333333333333333333333333333333',
    'third * 3 == 1': '1',
    'pi * 2': '6.2831853071795864769252867665590056',
    'pi + single_in': '4.391592653589793238462643383279503',
    'huge * huge': 'inf',
    'tiny / huge': '0',
    '-pi': '-3.1415926535897932384626433832795028',
    'pi > 3': '1',
    'no_number == no_number': '0',
    '(int)pi': '3',
    '(double)pi': '3.141592653589793',
    '(long double)1': '1',
    '0.1L': '0.1',
    '(long double)0.1': '0.1000000000000000055511151231257827',
  });
  for (const [text, expected] of texts) {
    const evaluation = symbols.evaluate(text, frame);
    assert.equal(evaluation.kind === 'value' && evaluation.value.text, expected, text);
  }
  const assigned = symbols.evaluate('pi = third', frame);
  assert.deepEqual(assigned.kind === 'assignment' && assigned.bytes?.[15], 0x3f);
});

test('a floating-point number outside the range of an integer type is converted as in gdb', (t) => {
  if (!requireTool(GDB, t)) return;
  const file = fixture('values/numbers-gcc');
  const symbols = open(file);
  const frame = frameAt(symbols, file, 'main');
  const casts = [
    '(long)1e30',
    '(int)1e30',
    '(unsigned long)1e19',
    '(unsigned)-1.5',
    '(short)70000.7',
    '(long)-1e30',
    '(long)(0.0/0)',
    '(unsigned char)-1.0',
    '(_Bool)0.5',
    '(long)huge',
    '(int)-1e10',
  ];
  const answers = runGdbCommands(file, ['list main', ...casts.map((text) => `output ${text}`)]).slice(1);
  casts.forEach((text, i) => {
    const evaluation = symbols.evaluate(text, frame);
    assert.equal(evaluation.kind === 'value' && evaluation.value.text, answers[i][0], text);
  });
});

test('values in floating-point registers are known in the innermost frame', (t) => {
  const [stop, floats] = runFixture(fixture('values/numbers-gcc-Og'), t)('floats');
  assert.deepEqual(
    ['a', 'b', '$fa0.double', '$fa1.float', '$f10.double', '$fcsr', '$csr768 != 0'].map((text) => valueIn(stop, text)),
    ['10', '1.25', '10', '1.25', '10', '0', '1'],
  );
  assert.equal(floats.source.name, 'main');
});

test('values in callee-saved floating-point registers are known in the frame of a caller', (t) => {
  const run = runFixture(fixture('values/numbers-gcc-Og'), t);
  run('floats');
  const [, floats] = run('stop');
  assert.deepEqual(
    ['b', 'accumulated', '$fs0.float', '$fs1.double'].map((text) => valueIn(floats, text)),
    ['1.25', '30', '1.25', '30'],
  );
});

function symbolAddress(file: string, name: string): bigint {
  return open(file).symbolsNamed(name)[0].address;
}
