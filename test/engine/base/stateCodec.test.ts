/** A state codec saves and loads its fields, and rejects damaged state with an error that names the damaged field. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StateValue } from '../../../debug-adapter/engine/base/state.ts';
import {
  bigint,
  boolean,
  checkedState,
  integer,
  list,
  namedStates,
  number,
  numberSet,
  oneOf,
  optional,
  record,
  savedAs,
  type StateCodec,
  StateError,
  text,
  variants,
  words,
} from '../../../debug-adapter/engine/base/stateCodec.ts';

const REQUEST = variants({
  read: record({ offset: number, segments: list(record({ address: number })) }),
  flush: record({}),
});

const DEVICE = record({
  divisor: number,
  compare: bigint,
  overrun: boolean,
  name: text,
  operation: oneOf('read', 'write'),
  fifo: list(number),
  enables: words(2),
  pollsInARow: savedAs('looksInARow', number),
  requests: list(REQUEST),
  inner: record({ halves: list(number, 3) }),
  turn: optional(record({ hart: number })),
});

const value = () => ({
  divisor: 12,
  compare: 1n << 63n,
  overrun: true,
  name: 'uart0',
  operation: 'read' as const,
  fifo: [1, 2],
  enables: Uint32Array.of(3, 0xffff_ffff),
  pollsInARow: 5,
  requests: [{ kind: 'read' as const, offset: 512, segments: [{ address: 0x8000_0000 }] }, { kind: 'flush' as const }],
  inner: { halves: [1, 2, 3] },
  turn: { hart: 1 },
});

function damageOf(codec: StateCodec<unknown>, saved: StateValue | undefined): string {
  try {
    codec.load(saved);
  } catch (error) {
    assert.ok(error instanceof StateError);
    return error.message;
  }
  return 'none';
}

test('a record codec saves each field under its saved name and loads it again', () => {
  const saved = DEVICE.save(value());
  assert.deepEqual(saved, {
    ...{ divisor: 12, compare: 1n << 63n, overrun: true, name: 'uart0', operation: 'read', fifo: [1, 2] },
    ...{ enables: [3, 0xffff_ffff], looksInARow: 5, inner: { halves: [1, 2, 3] }, turn: { hart: 1 } },
    requests: [{ kind: 'read', offset: 512, segments: [{ address: 0x8000_0000 }] }, { kind: 'flush' }],
  });
  assert.deepEqual(DEVICE.load(saved), value());
});

test('saved and loaded values are copies', () => {
  const before = value();
  const saved = DEVICE.save(before);
  before.fifo.push(9);
  before.inner.halves[0] = 9;
  before.requests[0].segments![0].address = 9;
  assert.deepEqual(DEVICE.load(saved), value());
  const loaded = DEVICE.load(saved);
  loaded.fifo.push(9);
  loaded.enables[0] = 9;
  assert.deepEqual(DEVICE.load(saved), value());
});

test('an optional field is not saved if it is undefined, and may be missing when a state is loaded', () => {
  const saved = DEVICE.save({ ...value(), turn: undefined });
  assert.ok(!('turn' in saved));
  assert.equal(DEVICE.load(saved).turn, undefined);
});

test('a number field may be infinite, negative or fractional', () => {
  for (const valid of [Infinity, -1, 0.5]) assert.equal(number.load(valid), valid);
});

test('an integer field accepts only whole numbers in its range', () => {
  const index = integer(0, 7);
  for (const valid of [0, 7]) assert.equal(index.load(valid), valid);
  for (const invalid of [-1, 8, 0.5, Infinity]) {
    assert.equal(damageOf(record({ hart: index }), { hart: invalid }), 'the field "hart" is out of range');
  }
});

test('a set of numbers is saved in ascending order', () => {
  assert.deepEqual(numberSet.save(new Set([10, 9, 1])), [1, 9, 10]);
  assert.deepEqual(numberSet.load([1, 9, 10]), new Set([1, 9, 10]));
});

test('a missing optional field or an unknown field does not affect the other fields', () => {
  assert.deepEqual(DEVICE.load({ ...DEVICE.save(value()), future: 1 }), value());
});

test('damage is reported with the path of the field', () => {
  const saved = DEVICE.save(value());
  const { compare: _, ...withoutCompare } = saved;
  const cases: [StateValue | undefined, string][] = [
    [withoutCompare, 'the field "compare" is missing'],
    [{ ...saved, divisor: 12n }, 'the field "divisor" is not a number'],
    [{ ...saved, divisor: NaN }, 'the field "divisor" is not a number'],
    [{ ...saved, compare: 12 }, 'the field "compare" is not a bignum'],
    [{ ...saved, overrun: 0 }, 'the field "overrun" is not a boolean'],
    [{ ...saved, name: 1 }, 'the field "name" is not a string'],
    [{ ...saved, operation: 'erase' }, 'the field "operation" has an unknown value'],
    [{ ...saved, fifo: [1, 'x'] }, 'the field "fifo[1]" is not a number'],
    [{ ...saved, fifo: Uint8Array.of(1) }, 'the field "fifo" is not a list'],
    [{ ...saved, enables: [1, 2, 3] }, 'the list "enables" has the wrong length'],
    [{ ...saved, looksInARow: true }, 'the field "looksInARow" is not a number'],
    [{ ...saved, requests: [{ kind: 'erase' }] }, 'the field "requests[0].kind" has an unknown value'],
    [{ ...saved, requests: [{ kind: 'read', offset: 0 }] }, 'the field "requests[0].segments" is missing'],
    [
      { ...saved, requests: [{ kind: 'read', offset: 0, segments: [{}] }] },
      'the field "requests[0].segments[0].address" is missing',
    ],
    [{ ...saved, inner: { halves: [1, 2] } }, 'the list "inner.halves" has the wrong length'],
    [{ ...saved, inner: [1] }, 'the field "inner" has no named fields'],
    [{ ...saved, inner: Uint8Array.of(1) }, 'the field "inner" has no named fields'],
    [{ ...saved, turn: {} }, 'the field "turn.hart" is missing'],
  ];
  for (const [damaged, message] of cases) assert.equal(damageOf(DEVICE, damaged), message);
});

test('`checkedState` checks the state of a component that loads itself, and returns it unchanged', () => {
  const disk = record({ transport: checkedState(record({ status: number })) });
  const state = { transport: { status: 1, future: [2] } };
  assert.equal(disk.load(state).transport, state.transport);
  assert.equal(damageOf(disk, { transport: { status: 'x' } }), 'the field "transport.status" is not a number');
});

test('`namedStates` loads named states without a description of their fields', () => {
  const states = { uart0: { divisor: 12 }, plic: {} };
  assert.deepEqual(namedStates.load(states), states);
  assert.equal(
    damageOf(record({ devices: namedStates }), { devices: { plic: 1 } }),
    'the field "devices.plic" has no named fields',
  );
});
