/** The test device ends the run with the result that the guest writes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TestDevice, type TestDeviceRequest } from '../../../../debug-adapter/engine/machine/devices/testDevice.ts';
import { assertStateSurvives, FakeBoard } from './fakeBoard.ts';

function newTestDevice() {
  const board = new FakeBoard();
  const description: TestDeviceRequest[] = [];
  return {
    board,
    description,
    testDevice: new TestDevice({ context: board, onRequest: (finish) => description.push(finish) }),
  };
}

for (const [value, finish] of [
  [0x5555, { kind: 'pass', code: 0 }],
  [0x0007_3333, { kind: 'fail', code: 7 }],
  [0xffff_3333, { kind: 'fail', code: 65535 }],
  [0x7777, { kind: 'reset', code: 0 }],
] as const) {
  test(`writing 0x${value.toString(16)} ends the run with ${finish.kind} ${finish.code}`, () => {
    const { board, description, testDevice } = newTestDevice();
    assert(board.wakes(() => testDevice.write(0, value, 4)));
    assert.deepEqual(testDevice.result, finish.kind === 'reset' ? undefined : finish);
    assert.equal(testDevice.wantsReset, finish.kind === 'reset');
    assert.deepEqual(description, [finish]);
    assertStateSurvives(testDevice, newTestDevice().testDevice);
  });
}

test('with noReboot, a reset ends the run with a result', () => {
  const testDevice = new TestDevice({ context: new FakeBoard(), resetEndsRun: true });
  testDevice.write(0, 0x7777, 4);
  assert.deepEqual([testDevice.result, testDevice.wantsReset], [{ kind: 'reset', code: 0 }, false]);
});

test('writes with other values, offsets or widths do nothing, and a second result does not replace the first', () => {
  const { description, testDevice } = newTestDevice();
  testDevice.write(0, 0x1234, 4);
  testDevice.write(4, 0x5555, 4);
  testDevice.write(0, 0x55, 1);
  assert.equal(testDevice.result, undefined);
  assertStateSurvives(testDevice, newTestDevice().testDevice, (device) => device.write(0, 0x5555, 2));
  testDevice.write(0, 0x7777, 4);
  assert.deepEqual(description, [{ kind: 'pass', code: 0 }]);
  assert.equal(testDevice.read(0, 4), 0);
});

test('loading a state that was saved before the end of the run clears the result', () => {
  const { testDevice } = newTestDevice();
  const before = testDevice.saveState();
  testDevice.write(0, 0x5555, 4);
  testDevice.loadState(before);
  assert.equal(testDevice.result, undefined);
});
