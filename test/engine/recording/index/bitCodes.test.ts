/** Exp-Golomb codes of all lengths are read back as they were written, and have the computed length. */
import assert from 'node:assert/strict';
import test from 'node:test';
import { ByteWriter } from '../../../../debug-adapter/engine/base/bytes.ts';
import { BitReader, BitWriter, codeBits } from '../../../../debug-adapter/engine/recording/index/bitCodes.ts';
import { Random } from '../support.ts';

test('values of any size are read back, with any code parameter', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const random = new Random(seed);
    const bitsMax = 1 + random.below(40);
    const codes = Array.from({ length: 200 }, () => {
      const bits = random.below(bitsMax + 1);
      const value = random.pick([2 ** bits, 2 ** bits - 1, Math.floor(random.next() * 2 ** bits)]);
      return { value, k: random.below(bitsMax) };
    });
    const bytes = new ByteWriter();
    const writer = new BitWriter(bytes);
    for (const { value, k } of codes) writer.write(value, k);
    writer.finish();
    const reader = new BitReader(bytes.view(), 0);
    for (const { value, k } of codes) assert.equal(reader.read(k), value, `seed ${seed}, k ${k}`);
    const bits = codes.reduce((sum, { value, k }) => sum + codeBits(value, k), 0);
    assert.equal(bytes.length, Math.ceil(bits / 8), `seed ${seed}`);
  }
});

test('reading past the end of the bytes returns numbers and does not hang', () => {
  const reader = new BitReader(new Uint8Array(1), 0);
  for (let i = 0; i < 100; i++) assert.equal(typeof reader.read(i % 40), 'number');
});
