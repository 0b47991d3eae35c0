/** On a toy target, moves in the history leave nothing behind, and snapshots can be stored, loaded and deleted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { COUNTER, LONG_ROUNDS, SHORT_ROUNDS } from '../../support/toy/programs.ts';
import { LIVE_LOG, ToyTarget } from '../../support/toy/toyTarget.ts';

const SHORT = { code: SHORT_ROUNDS.code };
const LONG = { code: LONG_ROUNDS.code };
const LARGE = { memoryBytes: 1 << 30, scratchBytes: 1 << 30 };

const breakpoint = (address: bigint): StopPoints => ({ breakpoints: new Set([address]), watchpoints: [] });
const NEVER = breakpoint(0xdead_0000n);
const WATCHPOINT: StopPoints = {
  breakpoints: new Set(),
  watchpoints: [{ id: 1, address: COUNTER + 64, lengthBytes: 4, access: 'write' }],
};

/** Makes a recording with stored snapshots at the given positions. */
function recorded(positions: number[], end: number, options = LONG): ToyTarget {
  const live = new ToyTarget(options);
  for (const position of positions) {
    complete(live.forward(position));
    live.store(`at ${position}`);
  }
  complete(live.forward(end));
  return live;
}

// --- what moves leave behind -------------------------------------------------------------------------------------------

test('after each move, the cost of the cache is up to date, and only cached snapshots hold disk states', (t) => {
  const random = SeededRandom.forTest(t);
  const end = 30_000_000;
  const live = recorded([6_000_000, 20_000_000], end);
  const replay = live.replay();
  for (const target of [live, replay]) {
    for (let i = 0; i < 40; i++) {
      target.arm(random.pick([NEVER, WATCHPOINT]));
      const position = random.pick([random.below(end), target.position, 0, 6_000_000, 20_000_000, end]);
      complete(target.goTo(position));
      target.checkCosts();
      if (target.travel.isAtLiveEnd) continue;
      complete(target.forward(Math.min(end, position + 100)));
      target.checkCosts();
      target.pause.resume(target.backward(), () => true);
      complete(target.goTo(7 + i));
      target.checkCosts();
      complete(target.backward());
      target.checkCosts();
    }
  }
});

test('a backward run at the start of the history changes nothing', () => {
  const target = recorded([], 1000, SHORT);
  complete(target.goTo(0));
  target.arm(NEVER);
  assert.deepEqual(complete(target.backward()), { kind: 'startOfRecording' });
  assert.equal(target.position, 0);
  target.checkCosts();
});

test('the cost of the cache does not include the RAM pages of the restored state, because they are in use', () => {
  const target = recorded([], 3_000_000);
  for (const position of [2_900_000, 1_000_000, 2_885_000, 0]) {
    complete(target.goTo(position));
    target.checkCosts();
  }
});

test('a short move adds no snapshot to the cache', () => {
  const target = recorded([], 5000, SHORT);
  complete(target.goTo(3000));
  assert.equal(target.travel.cost.snapshots, 1);
});

test('if the block maps of the disks exceed the budget during a run, cached snapshots are dropped', () => {
  const live = recorded([], 3_000_000);
  complete(live.goTo(2_000_000));
  assert.ok(live.travel.cost.snapshots > 1);
  const run = live.forward(2_000_100);
  live.pause.resume(run, () => true);
  live.disk.mapBytes = 1 << 30;
  complete(run);
  assert.equal(live.travel.cost.snapshots, 1);
});

// --- the live end and the history --------------------------------------------------------------------------------------

test('in the history, input and disk requests are served by one player, which is closed at the live end', () => {
  const live = recorded([], 1000, SHORT);
  const { inputs } = live.machine;
  for (const leave of [
    () => complete(live.goTo(1000)),
    () => complete(live.forward(1000)),
    () => live.travel.close(),
  ]) {
    complete(live.goTo(500));
    complete(live.goTo(400));
    live.arm(WATCHPOINT);
    complete(live.forward(450));
    assert.deepEqual([live.machine.inputs, live.requestLog.target], [live.player, live.player]);
    assert.equal(live.openPlayers, 1);
    leave();
    assert.equal(live.machine.inputs, inputs);
    assert.equal(live.requestLog.target, LIVE_LOG);
    assert.equal(live.openPlayers, 0);
  }
  const replay = live.replay();
  complete(replay.forward(500));
  assert.equal(replay.openPlayers, 1);
  replay.travel.abandon();
  assert.deepEqual([replay.openPlayers, replay.disk.isClosed], [0, true]);
});

test('a paused run forward stops at breakpoints that are set during the pause', () => {
  const live = recorded([], 2000, SHORT);
  complete(live.goTo(0));
  live.arm(NEVER);
  const run = live.forward(2000);
  assert.equal(live.pause.resume(run, () => live.position === 100).done, false);
  live.arm(breakpoint(SHORT_ROUNDS.labels.sum));
  assert.deepEqual(complete(run), { kind: 'breakpoint', pc: SHORT_ROUNDS.labels.sum });
  assert.ok(live.position < 115);
});

test('a trace ignores a breakpoint at the position at which a run has paused', () => {
  const live = recorded([], 500, SHORT);
  complete(live.goTo(100));
  live.arm(breakpoint(live.inspect().pc));
  complete(live.goTo(95));
  assert.equal(live.pause.resume(live.forward(500), () => live.position === 100).done, false);
  const visited: number[] = [];
  complete(live.trace(103, () => visited.push(live.position)));
  assert.deepEqual(visited, [100, 101, 102]);
});

// --- digests -----------------------------------------------------------------------------------------------------------

test('each recorded digest is compared once, even after moves that do not compare digests', () => {
  const replay = recorded([1000, 2000, 3000], 4000, SHORT).replay();
  replay.stored = [];
  complete(replay.goTo(1000));
  assert.deepEqual(replay.compared, [1000], 'also at the end of a move');
  complete(replay.goTo(999));
  complete(replay.trace(1001, () => {}));
  complete(replay.goTo(1990));
  complete(replay.trace(2001, () => {}));
  assert.deepEqual(complete(replay.forward(2500)), { kind: 'reached' });
  complete(replay.goTo(500));
  complete(replay.goTo(3500));
  replay.arm(breakpoint(SHORT_ROUNDS.labels.start));
  complete(replay.backward());
  complete(replay.goTo(4000));
  assert.deepEqual(replay.compared, [1000, 2000, 3000]);
});

test('a breakpoint at the position of a recorded digest stops a run that began before that position', () => {
  const live = new ToyTarget(SHORT);
  live.arm(breakpoint(SHORT_ROUNDS.labels.sum));
  complete(live.forward(1000));
  const { position } = live;
  live.store('stored');
  live.arm(NEVER);
  complete(live.forward(2000));
  const replay = live.replay();
  complete(replay.goTo(position - 3));
  replay.arm(breakpoint(SHORT_ROUNDS.labels.sum));
  assert.equal(complete(replay.forward(2000)).kind, 'breakpoint');
  assert.equal(replay.position, position);
});

// --- stored snapshots --------------------------------------------------------------------------------------------------

test('when a stored snapshot is loaded, its disk state is shown, and it is cached so that it is loaded only once', () => {
  const replay = recorded([6_000_000], 9_000_000).replay();
  const { executed } = replay.machine;
  complete(replay.goTo(6_000_000));
  assert.equal(replay.machine.executed, executed, 'at the position of the snapshot, nothing is replayed');
  assert.equal(replay.disk.base, 'id of at 6000000');
  replay.checkCosts();
  complete(replay.goTo(0));
  assert.equal(replay.disk.base, undefined);
  complete(replay.goTo(6_000_000));
  assert.deepEqual(replay.loads, ['at 6000000']);
  assert.equal(replay.disk.base, 'id of at 6000000');
});

test('if the machine is at the position of a stored snapshot, a move forward does not load the snapshot again', () => {
  const replay = recorded([6_000_000], 9_000_000).replay({ budget: { ...LARGE, snapshots: 1 } });
  complete(replay.goTo(6_000_000));
  const { executed } = replay.machine;
  complete(replay.goTo(6_000_100));
  assert.deepEqual(replay.loads, ['at 6000000']);
  assert.equal(replay.machine.executed - executed, 100);
});

test('a state in the history can be saved as a snapshot, which later moves then start from', () => {
  const live = recorded([], 9_000_000);
  complete(live.goTo(5_000_000));
  const parts = live.machine.digestParts();
  live.travel.saveSnapshot(({ state, ram }) => {
    live.stored.push({ id: 'saved', name: 'saved', position: 5_000_000, state, ram });
    return 'saved';
  });
  complete(live.goTo(0));
  const { executed } = live.machine;
  complete(live.goTo(5_000_000));
  assert.deepEqual([live.machine.executed, live.loads], [executed, []], 'it is also cached');
  const replay = live.replay();
  complete(replay.goTo(5_000_000));
  assert.deepEqual([replay.loads, replay.machine.digestParts()], [['saved'], parts]);
});

test('if the snapshot that the current state is based on is deleted, the state is replayed from another one', () => {
  const replay = recorded([6_000_000, 12_000_000], 20_000_000).replay();
  complete(replay.goTo(15_000_000));
  const before = replay.machine.digestParts();
  assert.equal(replay.disk.base, 'id of at 12000000');
  replay.travel.deleteSnapshots(['id of at 12000000'], () => replay.stored.pop());
  assert.deepEqual([replay.position, replay.machine.digestParts()], [15_000_000, before]);
  assert.deepEqual(replay.disk.forgotten, ['id of at 12000000']);
  assert.equal(replay.disk.base, 'id of at 6000000');
  // The remaining snapshot is after this position, so nothing needs to be replayed when the snapshot is deleted.
  complete(replay.goTo(3_000_000));
  const { executed } = replay.machine;
  replay.travel.deleteSnapshots(['id of at 6000000'], () => replay.stored.pop());
  assert.equal(replay.machine.executed, executed);
  assert.equal(replay.disk.base, undefined);
  complete(replay.goTo(15_000_000));
  assert.deepEqual(replay.machine.digestParts(), before);
  assert.equal(replay.disk.base, undefined);
  replay.checkCosts();
});

test('at the live end, deleting a snapshot does not move the machine', () => {
  const live = recorded([6_000_000], 9_000_000);
  live.disk.base = 'id of at 6000000';
  live.travel.deleteSnapshots(['id of at 6000000'], () => live.stored.pop());
  assert.deepEqual([live.position, live.travel.isAtLiveEnd, live.disk.shown], [9_000_000, true, 'live end']);
});

test('a replay that starts from a snapshot can go back to that snapshot, and does not use earlier snapshots', () => {
  const live = recorded([6_000_000, 12_000_000], 20_000_000);
  const replay = live.replay({ from: 'at 12000000' });
  assert.deepEqual(replay.history, { start: 12_000_000, end: 20_000_000, isBeforeLiveEnd: false });
  complete(replay.goTo(20_000_000));
  assert.deepEqual(replay.machine.digestParts(), live.machine.digestParts());
  replay.arm(NEVER);
  assert.deepEqual(complete(replay.backward()), { kind: 'startOfRecording' });
  assert.deepEqual([replay.position, replay.disk.base, replay.loads], [12_000_000, 'id of at 12000000', []]);
});
