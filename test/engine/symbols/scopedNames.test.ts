/** A name in a scope is found even if many other scopes define the same name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateIn } from './support/evaluate.ts';
import { fixture, open } from './support/fixtures.ts';

test('types and enumerators that have the same names in many scopes are all found', () => {
  const symbols = open(fixture('indexes/scopes'));
  for (let n = 1; n <= 18; n++) {
    assert.equal(evaluateIn(symbols, `sizeof(n${n}::Node)`), String(n));
    assert.equal(evaluateIn(symbols, `sizeof(C${n}::Word)`), String(n));
    assert.equal(evaluateIn(symbols, `sizeof(C${n}::Inner)`), String(4 + 4 * Math.ceil(n / 4)));
    assert.equal(evaluateIn(symbols, `(int)C${n}::RED`), String(n));
    assert.equal(evaluateIn(symbols, `(int)C${n}::COMMON`), String(n + 100));
    assert.equal(evaluateIn(symbols, `(int)C${n}::Inner::Shade::LIGHT`), String(n));
  }
  assert.match(evaluateIn(symbols, 'sizeof(C1::Node)'), /There is no/);
  assert.match(evaluateIn(symbols, 'C19::RED'), /There is no/);
});
