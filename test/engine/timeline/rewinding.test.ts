/** Time travel on a toy machine gives the same state as an uninterrupted run at every position, at the lowest cost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { ENDING, LONG_ROUNDS, SHORT_ROUNDS } from '../../support/toy/programs.ts';
import { straightDigests, ToyTarget } from '../../support/toy/toyTarget.ts';

const SHORT = { code: SHORT_ROUNDS.code };
const LONG = { code: LONG_ROUNDS.code };
const NEVER = { breakpoints: new Set([0xdead_0000n]), watchpoints: [] };

const positionsUpTo = (end: number, count: number, random: SeededRandom) =>
  Array.from({ length: count }, () => random.below(end + 1));

test('at every position, the digest is the same as in an uninterrupted run, both in the history of a recording and in a replay', (t) => {
  const random = SeededRandom.forTest(t);
  const end = 20_000;
  const positions = positionsUpTo(end, 60, random);
  const digests = straightDigests(SHORT, [...positions, end]);
  const live = new ToyTarget(SHORT);
  complete(live.forward(end));
  for (const target of [live, live.replay()]) {
    for (const position of positions) {
      complete(target.goTo(position));
      assert.equal(target.position, position);
      assert.deepEqual(target.machine.digestParts(), digests.get(position), `at ${position}`);
    }
    complete(target.goTo(end));
    assert.deepEqual(target.machine.digestParts(), digests.get(end));
  }
});

test('at the live end, the machine continues with new input; in the history, it gets the recorded input', () => {
  const live = new ToyTarget(SHORT);
  complete(live.forward(1000));
  assert.equal(live.travel.isAtLiveEnd, true);
  const readings = live.log.times.length;
  complete(live.goTo(200));
  assert.deepEqual(
    [live.travel.isAtLiveEnd, live.travel.isInHistory, live.history.isBeforeLiveEnd],
    [false, true, true],
  );
  assert.deepEqual(live.history, { start: 0, end: 1000, isBeforeLiveEnd: true });
  assert.deepEqual(complete(live.forward(900)), { kind: 'reached' });
  assert.equal(live.log.times.length, readings, 'nothing was read from outside');
  assert.deepEqual(complete(live.forward(1100)), { kind: 'reached' });
  assert.equal(live.travel.isAtLiveEnd, true);
  assert.ok(live.log.times.length > readings);
  assert.deepEqual(live.machine.digestParts(), straightDigests(SHORT, [1100]).get(1100));
});

test('going to the live end restores its state without replaying', () => {
  const live = new ToyTarget(SHORT);
  complete(live.forward(5000));
  complete(live.goTo(10));
  const { executed } = live.machine;
  complete(live.goTo(5000));
  assert.equal(live.machine.executed, executed);
  assert.equal(live.travel.isAtLiveEnd, true);
  complete(live.goTo(10));
  live.travel.close();
  assert.equal(live.position, 5000, 'closing returns to the live end');
});

test('if re-execution from the history reaches the live end in a different state, the run fails instead of continuing', () => {
  const live = new ToyTarget(SHORT);
  complete(live.forward(1000));
  complete(live.goTo(500));
  live.machine.ram.write(0x8000_7800n, Uint8Array.of(99));
  live.machine.harts[0].registers[20] = 1n;
  assert.throws(() => complete(live.forward(2000)), /the replay came back to a different live end/);
});

test('a move forward reuses the current state, and a step back after a move replays at most 4,000 steps', () => {
  const live = new ToyTarget(LONG);
  complete(live.forward(3_000_000));
  complete(live.goTo(1_000_000));
  let { executed } = live.machine;
  complete(live.goTo(1_000_100));
  assert.equal(live.machine.executed - executed, 100, 'forward from the current state');
  complete(live.goTo(2_900_000));
  ({ executed } = live.machine);
  for (let i = 1; i <= 5; i++) complete(live.goTo(2_900_000 - i));
  assert.ok(live.machine.executed - executed <= 5 * 4000, `${live.machine.executed - executed} steps`);
});

test('a stored snapshot is loaded only if it saves more than 4 million steps', () => {
  for (const [position, isLoaded] of [
    [4_000_000, false],
    [4_000_001, true],
  ] as const) {
    const live = new ToyTarget(LONG);
    complete(live.forward(position));
    live.store('stored');
    complete(live.forward(20_000_000));
    const replay = live.replay();
    complete(replay.goTo(10_000_000));
    assert.equal(replay.loads.length, isLoaded ? 1 : 0);
    complete(replay.goTo(19_000_000));
    complete(replay.goTo(9_000_000));
    assert.equal(replay.loads.length, isLoaded ? 1 : 0, 'there are nearer states in memory');
  }
});

test('a stored snapshot whose RAM differs from the recorded digest is loaded only once and never used', () => {
  const live = new ToyTarget(LONG);
  for (const position of [6_000_000, 12_000_000]) {
    complete(live.forward(position));
    live.store(`at ${position}`);
  }
  complete(live.forward(20_000_000));
  const expected = live.machine.digestParts();
  const replay = live.replay();
  const [first, second] = replay.stored;
  replay.stored = [first, { ...second, ram: first.ram }];
  for (let i = 0; i < 2; i++) {
    complete(replay.goTo(20_000_000));
    assert.deepEqual(replay.machine.digestParts(), expected);
    complete(replay.goTo(0));
  }
  assert.deepEqual(replay.loads, ['at 12000000', 'at 6000000'], 'each was loaded once');
});

test('a replay compares its state with each recorded digest when it first reaches that position', () => {
  const live = new ToyTarget(SHORT);
  for (const position of [1000, 2000, 3000]) {
    complete(live.forward(position));
    live.store(`at ${position}`);
  }
  const replay = live.replay();
  replay.stored = [];
  complete(replay.goTo(1500));
  replay.machine.harts[0].registers[20] = 1n;
  assert.throws(() => complete(replay.goTo(2500)), /divergence at 2000/);
  const fresh = live.replay();
  assert.deepEqual(complete(fresh.forward(Infinity)), { kind: 'ended', end: { reason: 'endOfRecording' } });
  assert.equal(fresh.position, 3000);
});

test('a replay can run to the end of the recording but not beyond it', () => {
  const live = new ToyTarget(SHORT);
  complete(live.forward(3000));
  const replay = live.replay();
  assert.deepEqual(complete(replay.forward(3000)), { kind: 'reached' });
  assert.deepEqual(complete(replay.forward(3001)), { kind: 'ended', end: { reason: 'endOfRecording' } });
  assert.throws(() => complete(replay.goTo(3001)), /position 3001 is not in the history/);
  assert.throws(() => complete(replay.goTo(-1)), /position -1 is not in the history/);
});

test('a forward run in the history ends at the position at which the guest ended in the recording', () => {
  const live = new ToyTarget({ code: ENDING.code });
  const ended = complete(live.forward(Infinity));
  assert.deepEqual(ended, { kind: 'ended', end: { reason: 'powerOff' } });
  const { position } = live;
  complete(live.goTo(2));
  assert.deepEqual(complete(live.forward(Infinity)), ended);
  assert.equal(live.position, position);
});

test('a seek can be paused and resumed, but not while it loads a stored snapshot', () => {
  const live = new ToyTarget(LONG);
  complete(live.forward(6_000_000));
  live.store('stored');
  complete(live.forward(9_000_000));
  const replay = live.replay();
  const seek = replay.goTo(8_000_000);
  const positions: number[] = [];
  for (
    let next = replay.pause.resume(seek, () => true);
    !next.done;
    next = replay.pause.resume(seek, () => replay.position > positions.length * 1_000_000 + 6_000_000)
  ) {
    positions.push(replay.position);
  }
  assert.ok(positions.length >= 2, `${positions.length} pauses`);
  assert.equal(positions[0], 6_000_000, 'the snapshot was loaded');
  assert.deepEqual(replay.machine.digestParts(), straightDigests(LONG, [8_000_000]).get(8_000_000));
});

test('a forward run in the history can be paused and resumed, and stops at the same positions as without pauses', () => {
  const live = new ToyTarget(SHORT);
  complete(live.forward(2000));
  complete(live.goTo(0));
  live.arm({ breakpoints: new Set([SHORT_ROUNDS.labels.count]), watchpoints: [] });
  const whole: number[] = [];
  while (complete(live.forward(2000)).kind === 'breakpoint') whole.push(live.position);
  assert.ok(whole.length > 100);
  complete(live.goTo(0));
  const sliced: number[] = [];
  for (let run = live.forward(2000), odd = false; ; odd = !odd) {
    const next = live.pause.resume(run, () => odd);
    if (!next.done) continue;
    if (next.value.kind !== 'breakpoint') break;
    sliced.push(live.position);
    run = live.forward(2000);
  }
  assert.deepEqual(sliced, whole);
});

test('a trace visits each position once and does not change the state', () => {
  const live = new ToyTarget(SHORT);
  complete(live.forward(500));
  complete(live.goTo(100));
  live.arm({ breakpoints: new Set([SHORT_ROUNDS.labels.count]), watchpoints: [] });
  const visited: number[] = [];
  complete(live.trace(160, () => visited.push(live.position)));
  assert.deepEqual(
    visited,
    Array.from({ length: 60 }, (_, i) => 100 + i),
  );
  assert.deepEqual(live.machine.digestParts(), straightDigests(SHORT, [160]).get(160));
});

test('the memory used and the number of snapshots stay within the budget during random moves', (t) => {
  const random = SeededRandom.forTest(t);
  const budget = { memoryBytes: 200_000, scratchBytes: 1 << 20, snapshots: 5 };
  const live = new ToyTarget(LONG, { budget });
  complete(live.forward(40_000_000));
  live.arm(NEVER);
  for (let i = 0; i < 30; i++) {
    complete(live.goTo(random.below(40_000_000)));
    if (random.chance(0.3)) live.pause.resume(live.backward(), () => true);
    assert.ok(live.travel.cost.snapshots <= budget.snapshots && live.travel.cost.snapshots >= 1);
    assert.ok(live.travel.cost.memoryBytes <= budget.memoryBytes);
  }
});

test('deleting a stored snapshot also drops the cached states that are based on it', () => {
  const live = new ToyTarget(LONG);
  complete(live.forward(6_000_000));
  live.store('one');
  complete(live.forward(9_000_000));
  const replay = live.replay();
  complete(replay.goTo(8_000_000));
  assert.deepEqual(replay.loads, ['one']);
  replay.travel.deleteSnapshots([replay.stored[0].id], () => (replay.stored = []));
  complete(replay.goTo(0));
  complete(replay.goTo(8_000_000));
  assert.deepEqual(replay.loads, ['one']);
  assert.deepEqual(replay.machine.digestParts(), straightDigests(LONG, [8_000_000]).get(8_000_000));
});

test('if a damaged snapshot is deleted, a new snapshot with the same name is used', () => {
  const live = new ToyTarget(LONG);
  for (const position of [6_000_000, 12_000_000]) {
    complete(live.forward(position));
    live.store(`at ${position}`);
  }
  complete(live.forward(20_000_000));
  // The budget has room for only one cached snapshot, so only the first state stays in memory.
  const replay = live.replay({ budget: { memoryBytes: 1 << 30, scratchBytes: 1 << 30, snapshots: 1 } });
  const [first, second] = replay.stored;
  replay.stored = [first, { ...second, ram: first.ram }];
  complete(replay.goTo(20_000_000));
  replay.travel.deleteSnapshots([second.id], () => (replay.stored = [first]));
  replay.stored = [first, { ...second, id: 'retaken' }];
  const fresh = replay.loads.length;
  complete(replay.goTo(0));
  complete(replay.goTo(20_000_000));
  assert.deepEqual(replay.loads.slice(fresh), ['at 12000000']);
});

test('a forward run does not stop at a breakpoint at its start, even if a digest is recorded at that position', () => {
  const live = new ToyTarget(LONG);
  complete(live.forward(6_000_000));
  live.store('stored');
  complete(live.forward(8_000_000));
  const replay = live.replay();
  complete(replay.goTo(6_000_001));
  complete(replay.goTo(6_000_000));
  replay.arm({ breakpoints: new Set([replay.inspect().pc]), watchpoints: [] });
  const fresh = live.replay();
  complete(fresh.pause.ignoredBy(fresh.goTo(6_000_000)));
  fresh.arm({ breakpoints: new Set([fresh.inspect().pc]), watchpoints: [] });
  for (const target of [replay, fresh]) {
    assert.equal(complete(target.forward(6_000_001)).kind, 'reached');
    assert.equal(target.position, 6_000_001);
  }
});

test('in the history, the disks show their past contents; at the live end, they show the live contents again', () => {
  const live = new ToyTarget(SHORT);
  const { disk } = live;
  complete(live.forward(1000));
  complete(live.goTo(500));
  assert.deepEqual(disk.shown, 'history');
  complete(live.goTo(1000));
  assert.deepEqual(disk.shown, 'live end');
  complete(live.goTo(500));
  complete(live.forward(1000));
  assert.deepEqual(disk.shown, 'live end', 'also after a run');
  complete(live.goTo(10));
  live.travel.close();
  assert.deepEqual([disk.shown, disk.isClosed], ['live end', true]);
});
