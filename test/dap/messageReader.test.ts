/** DAP messages are read from a byte stream no matter how it is divided, and base64 is decoded strictly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64, toBase64 } from '../../debug-adapter/dap/base64.ts';
import { HEADER_BYTES_MAX, MESSAGE_BYTES_MAX, MessageReader } from '../../debug-adapter/dap/messageReader.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const encoder = new TextEncoder();

function reader() {
  const read: string[] = [];
  const messages = new MessageReader({
    message: (text, lengthBytes) => read.push(`${text} (${lengthBytes})`),
    tooLarge: (lengthBytes) => read.push(`too large: ${lengthBytes}`),
    notDap: () => read.push('not DAP'),
  });
  return { read, messages };
}

test('messages with non-ASCII text are read no matter how the bytes are divided', (t) => {
  const random = SeededRandom.forTest(t);
  const texts = ['{}', '{"text":"grün €"}', '{"command":"threads"}'];
  const stream = encoder.encode(
    texts.map((text) => `Content-Length: ${encoder.encode(text).length}\r\n\r\n${text}`).join(''),
  );
  for (let round = 0; round < 100; round++) {
    const { read, messages } = reader();
    for (let at = 0; at < stream.length;) {
      const end = at + 1 + random.below(round % 2 ? 3 : 40);
      messages.read(stream.subarray(at, end));
      at = end;
    }
    assert.deepEqual(read, ['{} (2)', '{"text":"grün €"} (20)', '{"command":"threads"} (21)']);
  }
});

test('other header fields and an empty message are skipped', () => {
  const { read, messages } = reader();
  messages.read(encoder.encode('Content-Type: x\r\nContent-Length: 1\r\n\r\naContent-Length: 0\r\n\r\nX: y\r\n\r\n'));
  messages.read(encoder.encode('content-length:2\r\n\r\nbc'));
  assert.deepEqual(read, ['a (1)', 'bc (2)']);
});

test('the reader stops at a header that is too long or that announces a message that is too large', () => {
  const long = reader();
  for (let i = 0; i <= HEADER_BYTES_MAX + 4; i++) long.messages.read(encoder.encode('x'));
  long.messages.read(encoder.encode('\r\n\r\nContent-Length: 1\r\n\r\na'));
  assert.deepEqual(long.read, ['not DAP']);
  const large = reader();
  large.messages.read(encoder.encode(`Content-Length: ${MESSAGE_BYTES_MAX + 1}\r\n\r\na`));
  large.messages.read(encoder.encode('Content-Length: 1\r\n\r\na'));
  assert.deepEqual(large.read, [`too large: ${MESSAGE_BYTES_MAX + 1}`]);
});

test('base64 is encoded as in Node, and decoded only if it is in canonical form', (t) => {
  const random = SeededRandom.forTest(t);
  for (const lengthBytes of [0, 1, 2, 3, 100, 16_384, 16_385, 100_000]) {
    const bytes = Uint8Array.from({ length: lengthBytes }, () => random.below(256));
    const text = toBase64(bytes);
    assert.equal(text, Buffer.from(bytes).toString('base64'));
    assert.deepEqual(fromBase64(text), bytes);
  }
  for (const text of ['A', 'AA', 'AAA', 'AA==\n', ' AAAA', 'AB==', 'A-_A', 'AA=A', 'ä', 'AAAA=']) {
    assert.equal(fromBase64(text), undefined, text);
  }
});
