/** The CLINT's software and timer interrupts follow the registers and virtual time, as in QEMU. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clint } from '../../../../debug-adapter/engine/machine/devices/clint.ts';
import { assertStateSurvives, FakeBoard } from './fakeBoard.ts';
import { SeededRandom, withSeeds } from '../../../support/seededRandom.ts';

const COMPARE = 0x4000;
const TIME = 0xbff8;

function newClint(harts = 1) {
  const board = new FakeBoard();
  return { board, clint: new Clint({ context: board, harts }) };
}

/** Writes 64 bits as two halves, low half first, as the bus does. */
function write64(clint: Clint, offset: number, value: bigint): void {
  clint.write(offset, Number(value & 0xffffffffn), 4);
  clint.write(offset + 4, Number(value >> 32n), 4);
}

function read64(clint: Clint, offset: number): bigint {
  return BigInt(clint.read(offset, 4)) | (BigInt(clint.read(offset + 4, 4)) << 32n);
}

test('each hart has one msip bit, and writing it wakes the machine', () => {
  const { board, clint } = newClint(2);
  assert(board.wakes(() => clint.write(4, 0xffffffff, 4)));
  assert.equal(clint.read(4, 4), 1);
  assert.deepEqual([clint.softwareInterrupt(0), clint.softwareInterrupt(1)], [false, true]);
  clint.write(4, 0xfffffffe, 4);
  assert.equal(clint.softwareInterrupt(1), false);
});

test('mtime is the virtual time in 100 ns ticks', () => {
  const { board, clint } = newClint();
  board.nanoseconds = 12_399;
  assert.equal(clint.read(TIME, 4), 123);
  board.nanoseconds = 2 ** 32 * 100 + 700;
  assert.equal(read64(clint, TIME), 2n ** 32n + 7n);
});

test('a timer interrupt is pending until the guest writes mtimecmp, as in QEMU, even after a reset', () => {
  const { board, clint } = newClint();
  assert.deepEqual([read64(clint, COMPARE), clint.timerPending(0)], [0n, true]);
  board.nanoseconds = 1_000_000;
  assert.equal(clint.timerPending(0), true);
  write64(clint, COMPARE, 2n ** 40n);
  assert.equal(clint.timerPending(0), false);
  clint.reset();
  assert.equal(clint.timerPending(0), true);
});

test('in older recordings no timer interrupt is pending until the guest writes mtimecmp', () => {
  const board = new FakeBoard();
  const clint = new Clint({ context: board, timerStartsDisarmed: true });
  board.nanoseconds = 1_000_000;
  assert.equal(clint.timerDeadlineNanoseconds(0), Infinity);
  assert.equal(clint.timerPending(0), false);
  clint.write(COMPARE, 0, 4);
  assert.equal(clint.timerPending(0), true);
});

test('the deadline is the nanosecond at which mtime reaches mtimecmp', () => {
  const { board, clint } = newClint(2);
  board.nanoseconds = 555;
  assert(board.wakes(() => write64(clint, COMPARE + 8, 20n)));
  assert.equal(clint.timeCompare(1), 20n);
  assert.equal(clint.timerDeadlineNanoseconds(1), 2000);
  board.nanoseconds = 1999;
  assert.equal(clint.timerPending(1), false);
  board.nanoseconds = 2000;
  assert.equal(clint.timerPending(1), true);
  assert.equal(clint.timerPending(0), true, 'the hart whose mtimecmp is still 0');
});

test('a compare value that mtime reaches after more than 2^53 ns gives no deadline', () => {
  const { clint } = newClint();
  write64(clint, COMPARE, 2n ** 64n - 1n);
  assert.equal(clint.timerDeadlineNanoseconds(0), Infinity);
  assert.equal(clint.timerPending(0), false);
});

test('writing mtime moves the deadlines', () => {
  const { board, clint } = newClint();
  board.nanoseconds = 100_000; // Tick 1000.
  write64(clint, COMPARE, 5000n);
  assert.equal(clint.timerDeadlineNanoseconds(0), 500_000);
  write64(clint, TIME, 4990n);
  assert.equal(read64(clint, TIME), 4990n);
  assert.equal(clint.time(), 4990n);
  assert.equal(clint.tickDelta, 3990n);
  assert.equal(clint.timerDeadlineNanoseconds(0), 101_000);
  write64(clint, TIME, 0n);
  assert.equal(clint.timerDeadlineNanoseconds(0), 600_000);
  assert.equal(clint.nanosecondsAtTime(7n), 100_700);
});

test('mtime wraps at 2^64, and the timer is then no longer pending', () => {
  const { board, clint } = newClint();
  write64(clint, COMPARE, 50n);
  write64(clint, TIME, 2n ** 64n - 10n);
  assert.equal(clint.timerPending(0), true);
  board.nanoseconds = 1000; // Ten ticks later, mtime is 0.
  assert.equal(clint.time(), 0n);
  assert.equal(clint.timerPending(0), false);
  assert.equal(clint.timerDeadlineNanoseconds(0), 6000);
});

test('accesses to missing registers and narrow accesses do nothing', () => {
  const { clint } = newClint(1);
  const before = clint.saveState();
  for (const offset of [4, 0x3ffc, COMPARE + 8, 0xbff0, 0xc000]) {
    clint.write(offset, 0xffffffff, 4);
    assert.equal(clint.read(offset, 4), 0);
  }
  clint.write(0, 1, 1);
  clint.write(COMPARE, 1, 2);
  assert.equal(clint.read(TIME, 1), 0);
  assert.deepEqual(clint.saveState(), before);
});

test('the pending bit follows from mtime and mtimecmp, and the state can be saved, regardless of what the guest writes', () => {
  withSeeds(50, (random) => {
    const { board, clint } = newClint(2);
    for (let step = 0; step < 100; step++) exercise(random, board, clint);
    const fresh = new Clint({ context: board, harts: 2 });
    assertStateSurvives(clint, fresh, (device) => write64(device, TIME, 77n));
    fresh.loadState(clint.saveState());
    for (const hart of [0, 1]) assert.equal(fresh.timerPending(hart), clint.timerPending(hart));
  });
});

function exercise(random: SeededRandom, board: FakeBoard, clint: Clint): void {
  board.nanoseconds += random.below(10_000);
  const near = (clint.time() + BigInt(random.below(200)) - 100n) & (2n ** 64n - 1n);
  const value = random.pick([near, BigInt(random.uint32()), 2n ** 64n - BigInt(1 + random.below(100))]);
  const offset = random.pick([0, 4, COMPARE, COMPARE + 8, TIME]);
  if (random.chance(1 / 3)) clint.write(offset, Number(value & 0xffffffffn), 4);
  else if (offset >= COMPARE) write64(clint, offset, value);
  for (const hart of [0, 1]) {
    const armed = (clint.saveState().armed as boolean[])[hart];
    assert.equal(clint.timerPending(hart), armed && clint.time() >= clint.timeCompare(hart));
  }
}
