/** Automatic snapshots stay within a budget of bytes and a maximum number, and remain evenly distributed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SnapshotBudget, SnapshotSchedule } from '../../../debug-adapter/engine/timeline/snapshotSchedule.ts';

const FIRST = 1 << 24;
const MIB = 1 << 20;

/** Runs a recording in which each snapshot adds `bytesEach`; returns the positions of the snapshots that are kept. */
function keptAfter(steps: number, budget: SnapshotBudget, bytesEach: (position: number) => number) {
  const schedule = new SnapshotSchedule({ budget, stateBytesMax: 128 * MIB });
  const kept: { position: number; bytes: number }[] = [];
  let mostKept = 0;
  for (let position = schedule.nextAfter(0); position <= steps; position = schedule.nextAfter(position)) {
    kept.push({ position, bytes: bytesEach(position) });
    const dropped = new Set(schedule.recordTaken(position, kept.at(-1)!.bytes));
    assert.ok(!dropped.has(position), 'the latest snapshot is kept');
    for (const each of [...kept]) if (dropped.has(each.position)) kept.splice(kept.indexOf(each), 1);
    mostKept = Math.max(mostKept, kept.length);
  }
  return { positions: kept.map(({ position }) => position), mostKept };
}

test('while the budget suffices, there is a snapshot at each multiple of the first spacing', () => {
  const { positions } = keptAfter(100 * FIRST, { bytes: 100 * MIB, snapshots: 1000 }, () => MIB);
  assert.deepEqual(
    positions,
    [...Array(100).keys()].map((i) => (i + 1) * FIRST),
  );
});

test('in a long recording, the number of snapshots stays between half of the maximum and the maximum', () => {
  const { positions, mostKept } = keptAfter(100_000 * FIRST, { bytes: Infinity, snapshots: 1000 }, () => 1);
  assert.ok(mostKept <= 1000);
  assert.ok(positions.length >= 500, `${positions.length}`);
  const distances = positions.slice(1).map((position, i) => position - positions[i]);
  assert.ok(Math.max(...distances) <= (100_000 * FIRST) / 500, 'no distance is longer than the others');
});

test('if the machine states exceed the budget, the distances double until they do not', () => {
  // Each snapshot saves the same pages again, so dropping one does not make any other larger.
  const { positions } = keptAfter(1000 * FIRST, { bytes: 1024 * MIB, snapshots: 1000 }, () => 100 * MIB);
  assert.ok(positions.length * 128 * MIB <= 1024 * MIB + 128 * MIB, `${positions.length} snapshots`);
  assert.ok(positions.length >= 4, `${positions.length} snapshots`);
});

test('it is known whether snapshots were deleted because of their size, not because of their number', () => {
  const usedUp = (budget: Partial<SnapshotBudget>) => {
    const schedule = new SnapshotSchedule({ budget, stateBytesMax: 128 * MIB });
    for (let i = 1; i <= 40; i++) schedule.recordTaken(i * FIRST, MIB);
    return schedule.isSpaceUsedUp;
  };
  assert.deepEqual([usedUp({ bytes: 20 * MIB }), usedUp({ bytes: 50 * MIB, snapshots: 10 })], [true, false]);
});

test('a budget that is too small for one snapshot keeps the latest one', () => {
  const { positions } = keptAfter(50 * FIRST, { bytes: MIB, snapshots: 1000 }, () => 2 * MIB);
  assert.equal(positions.length, 1);
});
