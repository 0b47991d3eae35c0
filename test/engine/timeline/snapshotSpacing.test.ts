/** A move leaves closely spaced snapshots shortly before its target, and evenly spaced ones before those. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSnapshotOfSearch, nextSnapshotOnTheWay } from '../../../debug-adapter/engine/timeline/snapshotSpacing.ts';

const SPACING = 1 << 24;

function onTheWay(from: number, target: number): number[] {
  const positions: number[] = [];
  for (let position = from; position < target;) positions.push((position = nextSnapshotOnTheWay(position, target)));
  return positions;
}

test('on a short move, snapshots are taken only shortly before the target', () => {
  assert.deepEqual(onTheWay(0, 3000), [3000]);
  assert.deepEqual(onTheWay(0, 4000), [4000], 'none at the start');
  assert.deepEqual(onTheWay(0, 4001), [1, 4001]);
  assert.deepEqual(onTheWay(100, 100_100), [40_100, 85_100, 96_100, 100_100]);
});

test('on a long move, snapshots are taken at multiples of the spacing, and closer together before the target', () => {
  const target = 3 * SPACING + 8_000_000;
  const dense = [4_000_000, 1_000_000, 250_000, 60_000, 15_000, 4_000].map((distance) => target - distance);
  assert.deepEqual(onTheWay(5, target), [SPACING, 2 * SPACING, 3 * SPACING, ...dense, target]);
  assert.deepEqual(onTheWay(SPACING, 2 * SPACING + 10).slice(0, 2), [
    2 * SPACING - 4_000_000 + 10,
    2 * SPACING - 1_000_000 + 10,
  ]);
  assert.deepEqual(onTheWay(2 * SPACING - 3_999_980, 2 * SPACING + 10).at(-3), 2 * SPACING - 4_000 + 10);
});

test('no snapshot is taken beyond the target of a move, even if the target is a multiple of the spacing', () => {
  assert.equal(onTheWay(0, SPACING).at(-1), SPACING);
  assert.ok(onTheWay(0, SPACING).every((position) => position <= SPACING));
});

test('a search creates snapshots at multiples of the spacing', () => {
  assert.equal(nextSnapshotOfSearch(0, 5 * SPACING), SPACING);
  assert.equal(nextSnapshotOfSearch(SPACING - 1, 5 * SPACING), SPACING);
  assert.equal(nextSnapshotOfSearch(SPACING, 5 * SPACING), 2 * SPACING);
  assert.equal(nextSnapshotOfSearch(SPACING, SPACING + 100), SPACING + 100);
});
