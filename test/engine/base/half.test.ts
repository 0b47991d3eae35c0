/** Half-precision numbers convert to and from doubles as IEEE 754 specifies, and are shown in the shortest form. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfBits, halfValue } from '../../../debug-adapter/engine/base/halfFloat.ts';
import { floatBytes, floatText } from '../../../debug-adapter/engine/symbols/values/floats.ts';

const isNaNHalf = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
const ALL = Array.from({ length: 0x1_0000 }, (_, bits) => bits);

test('every half-precision number survives conversion to a double and back; a NaN becomes the canonical NaN', () => {
  for (const bits of ALL) assert.equal(halfBits(halfValue(bits)), isNaNHalf(bits) ? 0x7e00 : bits, bits.toString(16));
});

test('half-precision numbers have the values that IEEE 754 defines', () => {
  const values: [number, number][] = [
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3c00, 1],
    [0x3c01, 1 + 2 ** -10],
    [0xc000, -2],
    [0x7bff, 65504],
    [0xfc00, -Infinity],
  ];
  for (const [bits, value] of values) assert.equal(halfValue(bits), value);
});

test('a value between two half-precision numbers is rounded to the nearer one, and a tie to the even one', () => {
  for (const bits of ALL.slice(0, 0x7bff)) {
    const [low, high] = [halfValue(bits), halfValue(bits + 1)];
    const middle = (low + high) / 2;
    const quarter = (high - low) / 4;
    assert.equal(halfBits(middle), bits + (bits & 1));
    assert.deepEqual([halfBits(middle - quarter), halfBits(middle + quarter)], [bits, bits + 1]);
  }
  assert.deepEqual([65519.99, 65520, 1e9].map(halfBits), [0x7bff, 0x7c00, 0x7c00]);
});

test('a half-precision variable is shown with the fewest digits that identify its value, and the value can be set', () => {
  const text = (bits: number) => floatText(Uint8Array.of(bits & 0xff, bits >> 8));
  assert.deepEqual([0x3c00, 0x2e66, 0x3555, 0x7bff, 0x0001, 0x8000, 0x7c00, 0x7e00].map(text), [
    '1',
    '0.1',
    '0.3333',
    '65500',
    '6e-8',
    '-0',
    'inf',
    'nan(0x200)',
  ]);
  assert.deepEqual(floatBytes(0.1, 2), Uint8Array.of(0x66, 0x2e));
});
