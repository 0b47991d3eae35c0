/** The packet reader delivers valid packets, reports damaged ones, and stops at data outside the protocol. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, escapeBinary, PACKET_BYTES_MAX, PacketReader } from '../../debug-adapter/gdb/packets.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const wire = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const read = (text: string) => new PacketReader().read(wire(text));
const packet = (content: string) => ({ kind: 'packet', content });

test('packets, acknowledgements and interrupts are delivered in order', () => {
  assert.deepEqual(read('+$g#67-\x03$m80,4#35'), [
    { kind: 'acknowledged', well: true },
    packet('g'),
    { kind: 'acknowledged', well: false },
    { kind: 'interrupt' },
    packet('m80,4'),
  ]);
});

test('a packet may arrive byte by byte', () => {
  const reader = new PacketReader();
  const events = [...wire('$vCont?#49')].flatMap((byte) => reader.read(Uint8Array.of(byte)));
  assert.deepEqual(events, [packet('vCont?')]);
});

test('a packet with a wrong or missing checksum is reported as damaged, and the next packet is read', () => {
  assert.deepEqual(read('$g#68$g#67'), [{ kind: 'damaged' }, packet('g')]);
  assert.deepEqual(read('$g#zz$g#67'), [{ kind: 'damaged' }, packet('g')]);
  assert.deepEqual(read('$g$g#67'), [packet('g')], 'an incomplete packet is followed by the next one');
});

test('escapes are decoded, and a packet that ends in an escape is reported as damaged', () => {
  assert.deepEqual(read('$}\x03#80'), [packet('#')]);
  assert.deepEqual(read('$}#7d'), [{ kind: 'damaged' }]);
});

test('data that gdb never sends between packets stops the reader', () => {
  for (const text of [
    'G',
    ' $g#67',
    '\n$g#67',
    '\r\n\r\n$g#67',
    '#00$g#67',
    '%Stop:T05#00',
    '\x16\x03\x01',
    '\x00\x03',
  ]) {
    assert.deepEqual(read(text), [{ kind: 'foreign' }], JSON.stringify(text));
  }
  const reader = new PacketReader();
  assert.deepEqual(reader.read(wire('$g#67noise$g#67')), [packet('g'), { kind: 'foreign' }]);
  assert.deepEqual(reader.read(wire('$g#67')), [], 'nothing is read after it');
});

test('an HTTP request inside a packet also stops the reader, whether complete or truncated, at any length', () => {
  for (const text of ['$GET / HTTP/1.1\r\n', '$get / hthttp/1.0', '$PRI * HTTP/2.0', `$${'a'.repeat(100_000)}HTTP/`]) {
    assert.deepEqual(read(`${text}\r\nHost: here\r\n\r\n$k#6b`), [{ kind: 'foreign' }], text.slice(-20));
  }
  assert.deepEqual(read('$X80000000,5:HTTP/1.1 $k#6b'), [{ kind: 'foreign' }], 'a packet does not break off there');
  const reader = new PacketReader();
  const events = [...wire('$POST / HTTP/1.1\r\n\r\n$k#6b')].flatMap((byte) => reader.read(Uint8Array.of(byte)));
  assert.deepEqual(events, [{ kind: 'foreign' }], 'byte by byte');
});

test('a packet that writes memory may contain HTTP', () => {
  const content = 'X80001000,9:HTTP/1.1\n';
  assert.deepEqual(new PacketReader().read(encodePacket(content)), [packet(content)]);
});

test("telnet's BREAK, which gdb can send as an interrupt, is read as an interrupt", () => {
  assert.deepEqual(read('$c#63\xff\xf3$g#67'), [packet('c'), { kind: 'interrupt' }, packet('g')]);
  assert.deepEqual(read('\xff\xfb$g#67'), [{ kind: 'foreign' }]);
});

test('an oversized packet is reported as damaged and uses no memory', () => {
  const reader = new PacketReader();
  reader.read(wire('$'));
  for (let i = 0; i < 100; i++) reader.read(new Uint8Array(PACKET_BYTES_MAX).fill(0x61));
  assert.deepEqual(reader.read(wire('#00')), [{ kind: 'damaged' }]);
  assert.deepEqual(reader.read(wire('$g#67')), [packet('g')]);
});

test('any bytes encoded as a packet are decoded unchanged (seeded)', (t) => {
  const random = SeededRandom.forTest(t);
  for (let i = 0; i < 500; i++) {
    const content = Buffer.from(random.bytes(random.below(300))).toString('latin1');
    assert.deepEqual(new PacketReader().read(encodePacket(escapeBinary(content))), [packet(content)]);
  }
});

test('random bytes never make the reader fail; a packet after them is read, unless foreign data stopped the reader (seeded)', (t) => {
  const random = SeededRandom.forTest(t);
  const likely = '$#+-\x03}gmZ0123456789abcdef,;:';
  for (let i = 0; i < 2000; i++) {
    const reader = new PacketReader();
    const noise = Array.from({ length: random.below(60) }, () =>
      random.chance(0.8) ? likely.charCodeAt(random.below(likely.length)) : random.below(256),
    );
    // If the noise leaves a packet unfinished, `#00` ends it. Otherwise, `$` starts a packet, which `#00` then ends.
    const events = reader.read(Uint8Array.from([...wire('$'), ...noise, ...wire('$#00')]));
    const after = reader.read(wire('$g#67'));
    const foreignAt = events.findIndex(({ kind }) => kind === 'foreign');
    if (foreignAt < 0) assert.deepEqual(after.at(-1), packet('g'), `after ${noise.join()}`);
    else assert.deepEqual([foreignAt, after], [events.length - 1, []], `after ${noise.join()}`);
  }
});
