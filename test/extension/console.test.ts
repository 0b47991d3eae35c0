/** The guest's console output and the user's input pass through the terminal byte for byte. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConsoleText, dimLine, typedToBase64 } from '../../extension/console/consoleText.ts';

const base64 = (text: string | Uint8Array) => Buffer.from(text).toString('base64');

function shown(...chunks: (string | Uint8Array)[]): string {
  const text = new ConsoleText();
  return chunks.map((chunk) => text.fromGuest(base64(chunk))).join('');
}

test('each line that the guest prints starts at the left margin, whatever its line ending', () => {
  assert.equal(shown('one\ntwo\n'), 'one\r\ntwo\r\n');
  assert.equal(shown('one\r\ntwo\r\n'), 'one\r\ntwo\r\n');
  assert.equal(shown('one\r', '\ntwo'), 'one\r\ntwo', 'cut between the two');
  assert.equal(shown('10%\r20%\r30%\n'), '10%\r20%\r30%\r\n', 'a line drawn again');
  assert.equal(shown('\n\n'), '\r\n\r\n');
});

test('characters that are split across events are shown whole, and invalid bytes as replacement characters', () => {
  const bytes = Buffer.from('größe €\n');
  const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));
  assert.equal(shown(...pieces), 'größe €\r\n');
  assert.equal(shown(Uint8Array.of(0xff, 0x41)), '\ufffdA');
  assert.equal(shown('\x1b[31mred\x1b[0m\b \b'), '\x1b[31mred\x1b[0m\b \b', 'a terminal draws these');
});

test('typed text is sent to the guest as bytes', () => {
  const bytes = (text: string) => [...Buffer.from(typedToBase64(text), 'base64')];
  assert.deepEqual(bytes('ls\r'), [0x6c, 0x73, 0x0d]);
  assert.deepEqual(bytes('\x7f\x1b[A'), [0x7f, 0x1b, 0x5b, 0x41]);
  assert.deepEqual(bytes('é'), [0xc3, 0xa9]);
});

test('a long paste is sent in one piece', () => {
  const text = 'x'.repeat(1_000_000);
  assert.equal(Buffer.from(typedToBase64(text), 'base64').length, text.length);
});

test('a message from blkreplay is dim and on a separate line', () => {
  assert.equal(dimLine('[why]', true), '\x1b[2m[why]\x1b[22m\r\n');
  assert.equal(dimLine('[why]', false), '\r\n\x1b[2m[why]\x1b[22m\r\n');
});
