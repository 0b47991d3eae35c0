/** Taking automatic snapshots uses at most a fortieth of a recording's time, whether each snapshot is fast or slow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interactivePaces, TimedPace } from '../../debug-adapter/host/snapshotPace.ts';

/**
 * Simulates a recording of the given length in which taking a snapshot takes `costMs`. Queries the pace every 10 ms,
 * and returns the number of snapshots.
 */
function snapshotsIn(seconds: number, costMs: number): number {
  let now = 0;
  let taken = 0;
  const pace = new TimedPace({ clock: { monotonicMilliseconds: () => now, dateMilliseconds: () => 0 } });
  for (; now < seconds * 1000; now += 10) {
    if (!pace.isDue()) continue;
    now += costMs;
    taken++;
    pace.recordTaken();
  }
  return taken;
}

test('taking all snapshots uses at most a fortieth of the time, whether they are fast or slow', () => {
  for (const costMs of [1, 5, 20, 100, 400]) {
    const taken = snapshotsIn(60, costMs);
    assert.ok(taken > 0);
    assert.ok(taken * costMs <= (60_000 / 40) * 1.05 + costMs, `${taken} of ${costMs} ms`);
  }
});

test('snapshots are frequent if taking one requires little time', () => {
  assert.ok(snapshotsIn(60, 2) > 500);
});

test('in an interactive session, automatic and cached snapshots together use at most a fortieth of the time', () => {
  for (const [automaticMs, cachedMs] of [
    [1, 1],
    [30, 2],
    [400, 20],
  ]) {
    let now = 0;
    let spent = 0;
    const { pace, cachePace } = interactivePaces({ monotonicMilliseconds: () => now, dateMilliseconds: () => 0 });
    const takeIfDue = (one: typeof pace, costMs: number): void => {
      if (!one.isDue()) return;
      now += costMs;
      spent += costMs;
      one.recordTaken();
    };
    for (; now < 60_000; now += 10) {
      takeIfDue(pace, automaticMs);
      takeIfDue(cachePace, cachedMs);
    }
    assert.ok(spent > 0);
    assert.ok(spent <= (60_000 / 40) * 1.05 + automaticMs + cachedMs, `${spent} ms`);
  }
});

test('a very short recording has no automatic snapshots', () => {
  assert.equal(snapshotsIn(0.2, 5), 0);
});
