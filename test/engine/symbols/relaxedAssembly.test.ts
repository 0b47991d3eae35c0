/** Functions in assembly are distinguished from each other and from data, even if linker relaxation shortened them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, open } from './support/fixtures.ts';
import { frameAt } from './support/memory.ts';

const FILE = fixture('names/relaxed');

test('a function begins at its own label, although the range of the previous function includes that label', () => {
  const symbols = open(FILE);
  const [[main], [sum]] = [symbols.functionsNamed('main'), symbols.functionsNamed('sum')];
  assert.equal(symbols.functionAt(sum.low)?.name, 'sum');
  assert.equal(symbols.functionAt(sum.low - 2n)?.name, 'main');
  assert.equal(main.high, sum.low);
  assert.equal(symbols.functionAt(main.low)?.name, 'main');
});

test('labels in code count as functions, and labels in data do not', () => {
  const symbols = open(FILE);
  const frame = frameAt(symbols, FILE, 'main');
  const kindOf = (name: string) => {
    const evaluation = symbols.evaluate(name, frame);
    return evaluation.kind === 'value' && evaluation.value.type.kind;
  };
  assert.deepEqual(['main', 'sum', 'untyped', 'loop'].map(kindOf), ['function', 'function', 'function', 'function']);
  assert.equal(kindOf('words'), 'array');
  assert.deepEqual(symbols.functionsNamed('words'), []);
});
