import type { Position } from '../base/quantities.ts';

// The distances before a target, in steps, at which snapshots are created. Replaying from one of them to the target
// takes 10 us to 10 ms.
const SNAPSHOT_DISTANCES = [4_000_000, 1_000_000, 250_000, 60_000, 15_000, 4_000];
// During a move to a distant target, a snapshot is created after every 35 ms of replay. A recording initially takes
// automatic snapshots at the same intervals.
const SNAPSHOT_SPACING = 1 << 24;
// Replaying this many steps takes about 10 ms.
const RUN_SPACING = 1 << 22;

/**
 * The position of the next snapshot to create on the way to a target, or the target itself if there is none before it.
 * Shortly before the target, the snapshots are close together, so that the next moves back are fast.
 */
export function nextSnapshotOnTheWay(position: Position, target: Position): Position {
  const before = SNAPSHOT_DISTANCES.map((distance) => target - distance).find((candidate) => candidate > position);
  return Math.min(target, nextMultiple(position, SNAPSHOT_SPACING), before ?? target);
}

/** The next position at which a forward run may leave a snapshot. */
export function nextSnapshotOfRun(position: Position): Position {
  return nextMultiple(position, RUN_SPACING);
}

/** The position of the next snapshot to create while searching up to `end`, or `end` if there is none before it. */
export function nextSnapshotOfSearch(position: Position, end: Position): Position {
  return Math.min(end, nextMultiple(position, SNAPSHOT_SPACING));
}

/** The first multiple of a spacing after a position. */
export function nextMultiple(position: Position, spacing: number): Position {
  return (Math.floor(position / spacing) + 1) * spacing;
}
