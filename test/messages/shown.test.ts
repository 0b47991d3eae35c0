/** Text from users, files and guests is printed on one line of limited length, without control characters. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inert, jsonLine, quoted, sentence, shown } from '../../debug-adapter/messages/shown.ts';

const ESCAPE = '\u001b[2J';

test('control characters and bidirectional formatting characters are escaped', () => {
  assert.equal(inert(`a${ESCAPE}b\n\u202ec`), 'a\\u001b[2Jb\\n\\u202ec');
  assert.equal(inert('Grüße, 世界'), 'Grüße, 世界');
});

test('in a sentence, text values are quoted, and long values are shortened', () => {
  assert.equal(quoted('3'), '"3"');
  assert.equal(quoted(3), '3');
  assert.equal(shown({ a: ['x'] }), '{"a":["x"]}');
  assert.ok(shown('x'.repeat(1000)).length <= 100);
});

test('long sentences are shortened, but values written as a line of JSON are not', () => {
  assert.ok(sentence('word '.repeat(10_000)).length <= 2000);
  const value = { text: `${ESCAPE}\u2028` };
  assert.doesNotMatch(jsonLine(value), /\p{Cc}|\u2028/u);
  assert.deepEqual(JSON.parse(jsonLine(value)), value);
});
