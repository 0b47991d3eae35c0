/** The PLIC handles lines, claims and completions as QEMU does, with priorities, thresholds and enable bits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Plic } from '../../../../debug-adapter/engine/machine/devices/plic.ts';
import { assertStateSurvives, FakeBoard } from './fakeBoard.ts';
import { withSeeds } from '../../../support/seededRandom.ts';

const PENDING = 0x1000;
const enable = (context: number, word = 0) => 0x2000 + 0x80 * context + 4 * word;
const threshold = (context: number) => 0x200000 + 0x1000 * context;
const claim = (context: number) => threshold(context) + 4;
const MACHINE = 0;
const SUPERVISOR = 1;

function newPlic(harts = 1) {
  const board = new FakeBoard();
  return { board, plic: new Plic({ context: board, harts }) };
}

/** A PLIC in which `source` has priority 1 and is enabled for supervisor mode. */
function plicFor(source: number) {
  const { board, plic } = newPlic();
  plic.write(4 * source, 1, 4);
  plic.write(enable(SUPERVISOR, source >> 5), 1 << (source & 31), 4);
  return { board, plic };
}

test('a source whose line rises becomes pending, and can be claimed and completed', () => {
  const { board, plic } = plicFor(10);
  assert(board.wakes(() => plic.setLevel(10, true)));
  assert.equal(plic.read(PENDING, 4), 1 << 10);
  assert.deepEqual([plic.externalInterrupt(MACHINE), plic.externalInterrupt(SUPERVISOR)], [false, true]);
  assert(board.hearsOfFall(() => assert.equal(plic.read(claim(SUPERVISOR), 4), 10)));
  assert.equal(plic.read(PENDING, 4), 0);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
  plic.setLevel(10, false);
  plic.write(claim(SUPERVISOR), 10, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
  assert.equal(plic.read(claim(SUPERVISOR), 4), 0);
});

test('a source whose line is still high at completion becomes pending again only when the device raises the line again', () => {
  const { board, plic } = plicFor(33);
  plic.setLevel(33, true);
  assert.equal(plic.read(claim(SUPERVISOR), 4), 33);
  assert.equal(plic.read(claim(SUPERVISOR), 4), 0);
  plic.write(claim(SUPERVISOR), 33, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
  assert(board.wakes(() => plic.setLevel(33, true)));
  assert.equal(plic.read(PENDING + 4, 4), 1 << 1);
  assert.equal(plic.externalInterrupt(SUPERVISOR), true);
});

test('if a line falls before the claim, its source stays pending', () => {
  const { plic } = plicFor(1);
  plic.setLevel(1, true);
  plic.setLevel(1, false);
  assert.equal(plic.externalInterrupt(SUPERVISOR), true);
  assert.equal(plic.read(claim(SUPERVISOR), 4), 1);
  plic.write(claim(SUPERVISOR), 1, 4);
  assert.equal(plic.read(claim(SUPERVISOR), 4), 0);
});

test('a pulse on a line between claim and completion causes another interrupt after the completion', () => {
  const { board, plic } = plicFor(1);
  plic.setLevel(1, true);
  plic.read(claim(SUPERVISOR), 4);
  for (const level of [false, true, false]) plic.setLevel(1, level);
  assert.equal(plic.read(PENDING, 4), 1 << 1);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
  assert(board.wakes(() => plic.write(claim(SUPERVISOR), 1, 4)));
  assert.equal(plic.externalInterrupt(SUPERVISOR), true);
});

test('the highest priority is claimed first, and the lowest source number among equal priorities', () => {
  const { plic } = newPlic();
  for (const [source, priority] of [
    [1, 2],
    [31, 5],
    [64, 5],
    [95, 7],
  ]) {
    plic.write(4 * source, priority, 4);
    plic.setLevel(source, true);
  }
  for (const word of [0, 1, 2]) plic.write(enable(MACHINE, word), 0xffffffff, 4);
  const claims = Array.from({ length: 5 }, () => plic.read(claim(MACHINE), 4));
  assert.deepEqual(claims, [95, 31, 64, 1, 0]);
});

test('a source interrupts only with a priority above the threshold, and never with priority 0', () => {
  const { plic } = plicFor(5);
  plic.setLevel(5, true);
  plic.write(threshold(SUPERVISOR), 1, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
  assert.equal(plic.read(claim(SUPERVISOR), 4), 0);
  plic.write(4 * 5, 2, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), true);
  plic.write(threshold(SUPERVISOR), 0, 4);
  plic.write(4 * 5, 0, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
});

test('any context can complete a source, but a source that does not exist is ignored', () => {
  const { plic } = plicFor(3);
  plic.setLevel(3, true);
  plic.read(claim(SUPERVISOR), 4);
  plic.setLevel(3, true);
  for (const nonsense of [0, 96, 0xffffffff]) plic.write(claim(SUPERVISOR), nonsense, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), false);
  plic.write(claim(MACHINE), 3, 4);
  assert.equal(plic.externalInterrupt(SUPERVISOR), true);
});

test('each hart has two contexts', () => {
  const { plic } = newPlic(2);
  plic.write(4, 1, 4);
  plic.write(enable(3), 2, 4);
  plic.setLevel(1, true);
  assert.deepEqual(
    [0, 1, 2, 3].map((context) => plic.externalInterrupt(context)),
    [false, false, false, true],
  );
  assert.equal(plic.read(claim(3), 4), 1);
});

test('priorities and thresholds are 3 bits wide; source 0 and the pending bits cannot be written', () => {
  const { plic } = newPlic();
  const written = (offset: number) => {
    plic.write(offset, 0xffffffff, 4);
    return plic.read(offset, 4);
  };
  assert.deepEqual([4, 95 * 4, threshold(0)].map(written), [7, 7, 7]);
  assert.deepEqual([enable(0), enable(0, 2)].map(written), [0xffffffff, 0xffffffff]);
  assert.deepEqual(
    [0, 96 * 4, PENDING, enable(0, 3), enable(2), threshold(2), claim(2)].map(written),
    Array(7).fill(0),
  );
  plic.write(8, 7, 1);
  assert.equal(plic.read(8, 4), 0);
});

test('with random interrupt lines and register accesses, an output is high exactly when a source can be claimed, and output changes are reported', () => {
  withSeeds(50, (random) => {
    const { board, plic } = newPlic(2);
    const offsets = [4, 40, 128, 380, enable(0), enable(1, 1), enable(2, 2), enable(3), threshold(0), threshold(1)];
    const outputs = () => [0, 1, 2, 3].map((context) => plic.externalInterrupt(context));
    for (let step = 0; step < 300; step++) {
      const before = outputs();
      const { falls } = board;
      const woke = board.wakes(() => {
        if (random.chance(1 / 2)) plic.setLevel(random.pick([1, 10, 32, 95]), random.chance(1 / 2));
        else if (random.chance(1 / 2)) plic.write(claim(random.below(4)), random.pick([1, 10, 32, 95]), 4);
        else if (random.chance(1 / 3)) plic.read(claim(random.below(4)), 4);
        else plic.write(random.pick(offsets), random.uint32(), 4);
      });
      const after = outputs();
      assert.equal(
        woke,
        after.some((output, context) => output && !before[context]),
      );
      assert.equal(board.falls > falls, !woke && String(before) !== String(after));
    }
    const fresh = new Plic({ context: board, harts: 2 });
    assertStateSurvives(plic, fresh, (device) => device.setLevel(7, !(device.read(PENDING, 4) & 128)));
    for (const context of [0, 1, 2, 3]) {
      const output = plic.externalInterrupt(context);
      assert.equal(plic.read(claim(context), 4) !== 0, output);
    }
  });
});
