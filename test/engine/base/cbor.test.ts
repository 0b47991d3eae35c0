/** Machine states are encoded as CBOR (RFC 8949) and decoded to the same values; damaged bytes are rejected. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CborError,
  decodeCbor,
  decodeField,
  decodeState,
  encodeCbor,
} from '../../../debug-adapter/engine/base/cbor.ts';
import type { StateValue } from '../../../debug-adapter/engine/base/state.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

test('values are encoded as in RFC 8949, appendix A', () => {
  const examples: [StateValue, string][] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [1000, '1903e8'],
    [1000000, '1a000f4240'],
    [1000000000000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-1000, '3903e7'],
    [1.1, 'fb3ff199999999999a'],
    [Infinity, 'fb7ff0000000000000'],
    [18446744073709551616n, 'c249010000000000000000'],
    [-18446744073709551617n, 'c349010000000000000000'],
    [false, 'f4'],
    [true, 'f5'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    ['IETF', '6449455446'],
    [[1, [2, 3]], '8201820203'],
    [{ b: [2, 3], a: 1 }, 'a26161016162820203'],
  ];
  for (const [value, expected] of examples) {
    assert.equal(hex(encodeCbor(value)), expected);
    assert.deepEqual(decodeCbor(encodeCbor(value)), value);
  }
});

test('states with strings and byte arrays of any length are decoded unchanged', () => {
  // Each state is one byte longer than the previous one, so that the encoder's buffer grows in the middle of every kind
  // of value.
  for (let length = 0; length < 2100; length++) {
    const state = { filler: new Uint8Array(length), big: 5n, list: [1n, 2n, 300], flag: true, name: 'x' };
    assert.deepEqual(decodeState(encodeCbor(state)), state);
  }
});

test('the order in which fields are set does not change the encoding', () => {
  assert.equal(hex(encodeCbor({ a: 1, b: 2 })), hex(encodeCbor({ b: 2, a: 1 })));
});

test('invalid encodings, truncated encodings and encodings with any byte changed are rejected', () => {
  const good = encodeCbor({ registers: [1n, 2n], name: 'hart0', count: 70000, flag: false });
  for (let cut = 0; cut < good.length; cut++) assert.throws(() => decodeState(good.slice(0, cut)), CborError);
  for (let at = 0; at < good.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const bad = good.slice();
      bad[at] ^= 1 << bit;
      try {
        decodeState(bad);
      } catch (error) {
        assert.ok(error instanceof CborError, `byte ${at} bit ${bit}: ${String(error)}`);
      }
    }
  }
  assert.throws(() => decodeState(encodeCbor([1])), /not a state/);
  assert.throws(() => decodeState(new Uint8Array(100).fill(0x81)), CborError);
});

test('one field can be read without decoding the others', () => {
  const state = { a: [1, [2n, -3n], {}], b: { c: 'text', d: 1.5 }, e: new Uint8Array(300), wanted: 70000, z: true };
  const encoded = encodeCbor(state);
  for (const name of Object.keys(state)) {
    assert.deepEqual(decodeField(encoded, name), state[name as keyof typeof state]);
  }
  assert.equal(decodeField(encoded, 'none'), undefined);
  for (let cut = 0; cut < encoded.length; cut++)
    assert.throws(() => decodeField(encoded.slice(0, cut), 'z'), CborError);
});
