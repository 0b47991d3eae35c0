/** The test device ends the machine with the result that the guest writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Finisher, type FinisherRequest } from '../../../../debug-adapter/engine/machine/devices/finisher.ts';
import { assertStateSurvives, FakeBoard } from './fakeBoard.ts';

function newFinisher() {
  const board = new FakeBoard();
  const told: FinisherRequest[] = [];
  return { board, told, finisher: new Finisher({ context: board, onRequest: (finish) => told.push(finish) }) };
}

for (const [value, finish] of [
  [0x5555, { kind: 'pass', code: 0 }],
  [0x0007_3333, { kind: 'fail', code: 7 }],
  [0xffff_3333, { kind: 'fail', code: 65535 }],
  [0x7777, { kind: 'reset', code: 0 }],
] as const) {
  test(`0x${value.toString(16)} is ${finish.kind} ${finish.code}`, () => {
    const { board, told, finisher } = newFinisher();
    assert(board.wakes(() => finisher.write(0, value, 4)));
    assert.deepEqual(finisher.result, finish.kind === 'reset' ? undefined : finish);
    assert.equal(finisher.wantsReset, finish.kind === 'reset');
    assert.deepEqual(told, [finish]);
    assertStateSurvives(finisher, newFinisher().finisher);
  });
}

test('with noReboot, a reset ends the run with a result', () => {
  const finisher = new Finisher({ context: new FakeBoard(), resetEnds: true });
  finisher.write(0, 0x7777, 4);
  assert.deepEqual([finisher.result, finisher.wantsReset], [{ kind: 'reset', code: 0 }, false]);
});

test('other values, offsets and widths do nothing, and the first result stays', () => {
  const { told, finisher } = newFinisher();
  finisher.write(0, 0x1234, 4);
  finisher.write(4, 0x5555, 4);
  finisher.write(0, 0x55, 1);
  assert.equal(finisher.result, undefined);
  assertStateSurvives(finisher, newFinisher().finisher, (device) => device.write(0, 0x5555, 2));
  finisher.write(0, 0x7777, 4);
  assert.deepEqual(told, [{ kind: 'pass', code: 0 }]);
  assert.equal(finisher.read(0, 4), 0);
});

test('loading a state from before the end clears the result', () => {
  const { finisher } = newFinisher();
  const before = finisher.saveState();
  finisher.write(0, 0x5555, 4);
  finisher.loadState(before);
  assert.equal(finisher.result, undefined);
});
