import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodePacket, escapeBinary, PACKET_BYTES_MAX, PacketReader } from '../../debug-adapter/gdb/packets.ts';
import { SeededRandom } from '../support/seededRandom.ts';

const wire = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const read = (text: string) => new PacketReader().read(wire(text));
const packet = (content: string) => ({ kind: 'packet', content });

test('packets, acknowledgements and interrupts come out in order', () => {
  assert.deepEqual(read('+$g#67-\x03$m80,4#35'), [
    { kind: 'acknowledged', well: true },
    packet('g'),
    { kind: 'acknowledged', well: false },
    { kind: 'interrupt' },
    packet('m80,4'),
  ]);
});

test('a packet may come byte by byte', () => {
  const reader = new PacketReader();
  const events = [...wire('$vCont?#49')].flatMap((byte) => reader.read(Uint8Array.of(byte)));
  assert.deepEqual(events, [packet('vCont?')]);
});

test('a wrong checksum, or none, is damage; the next packet is read', () => {
  assert.deepEqual(read('$g#68$g#67'), [{ kind: 'damaged' }, packet('g')]);
  assert.deepEqual(read('$g#zz$g#67'), [{ kind: 'damaged' }, packet('g')]);
  assert.deepEqual(read('$g$g#67'), [packet('g')], 'one that broke off is followed by the next');
  assert.deepEqual(read('noise#12$g#67'), [packet('g')]);
});

test('an escape is taken back; one at the end is damage', () => {
  assert.deepEqual(read('$}\x03#80'), [packet('#')]);
  assert.deepEqual(read('$}#7d'), [{ kind: 'damaged' }]);
});

test('a packet that is too long is damage and takes no memory', () => {
  const reader = new PacketReader();
  reader.read(wire('$'));
  for (let i = 0; i < 100; i++) reader.read(new Uint8Array(PACKET_BYTES_MAX).fill(0x61));
  assert.deepEqual(reader.read(wire('#00')), [{ kind: 'damaged' }]);
  assert.deepEqual(reader.read(wire('$g#67')), [packet('g')]);
});

test('what is encoded is read again, whatever the bytes (seeded)', (t) => {
  const random = SeededRandom.forTest(t);
  for (let i = 0; i < 500; i++) {
    const content = Buffer.from(random.bytes(random.below(300))).toString('latin1');
    assert.deepEqual(new PacketReader().read(encodePacket(escapeBinary(content))), [packet(content)]);
  }
});

test('no bytes make the reader fail, and a packet after them is read (seeded)', (t) => {
  const random = SeededRandom.forTest(t);
  const likely = '$#+-\x03}gmZ0123456789abcdef,;:';
  for (let i = 0; i < 2000; i++) {
    const reader = new PacketReader();
    const noise = Array.from({ length: random.below(60) }, () =>
      random.chance(0.8) ? likely.charCodeAt(random.below(likely.length)) : random.below(256),
    );
    reader.read(Uint8Array.from(noise));
    // Whatever is under way, two digits end it.
    reader.read(wire('#00'));
    assert.deepEqual(reader.read(wire('$g#67')).at(-1), packet('g'), `after ${noise.join()}`);
  }
});
