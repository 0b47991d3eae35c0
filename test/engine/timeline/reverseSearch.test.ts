/** A backward run finds the same last stop as a scan of the whole history, no matter when the run is paused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import type { StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { TargetStop } from '../../../debug-adapter/engine/target/target.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { COUNTER, LONG_ROUNDS, SHORT_ROUNDS } from '../../support/toy/programs.ts';
import { assemble, delay, halt, label, nop } from '../../support/toy/toyProgram.ts';
import { straightDigests, ToyTarget } from '../../support/toy/toyTarget.ts';

const SHORT = { code: SHORT_ROUNDS.code, interruptEvery: 211, handler: SHORT_ROUNDS.labels.start };
const LONG = { code: LONG_ROUNDS.code };
const END = 1200;

const breakpoint = (address: bigint, condition?: StopPoints['condition']): StopPoints => ({
  breakpoints: new Set([address]),
  watchpoints: [],
  condition,
});
const watchpoint = (access: 'read' | 'write' | 'readWrite', address = COUNTER): StopPoints => ({
  breakpoints: new Set(),
  watchpoints: [{ id: 7, address, lengthBytes: 4, access }],
});

/** The position and kind of every stop, found by running forward in single steps. */
function oracle(points: StopPoints, end = END): { position: number; kind: string }[] {
  const target = new ToyTarget(SHORT);
  const found: { position: number; kind: string }[] = [];
  target.arm(points);
  while (target.position < end) {
    const { position } = target;
    const stop = complete(target.forward(position + 1, { stopsAtStart: true }));
    if (stop.kind === 'breakpoint') {
      found.push({ position, kind: 'breakpoint' });
      complete(target.forward(position + 1));
    } else if (stop.kind === 'hit') found.push({ position, kind: 'hit' });
  }
  return found;
}

function history(): ToyTarget {
  const target = new ToyTarget(SHORT);
  complete(target.forward(END));
  return target;
}

/** The stops of all backward runs from the end to the start, in ascending order. `run` executes one backward run. */
function allBackward(target: ToyTarget, run: () => TargetStop): { position: number; kind: string }[] {
  const found: { position: number; kind: string }[] = [];
  for (;;) {
    const stop = run();
    if (stop.kind === 'startOfRecording') return found.reverse();
    found.push({ position: target.position, kind: stop.kind });
  }
}

for (const [name, points] of Object.entries({
  'a breakpoint': breakpoint(SHORT_ROUNDS.labels.count),
  'a breakpoint at the first instruction': breakpoint(SHORT_ROUNDS.labels.start),
  'a breakpoint with a condition': breakpoint(SHORT_ROUNDS.labels.count, () => true),
  'a data breakpoint on writes': watchpoint('write'),
  'a data breakpoint on reads': watchpoint('read'),
  'a data breakpoint on both': watchpoint('readWrite'),
  'both kinds together': { ...breakpoint(SHORT_ROUNDS.labels.sum), watchpoints: watchpoint('write').watchpoints },
  'a breakpoint that is never reached': breakpoint(0xdead_0000n),
})) {
  test(`a backward run finds the same stops as a forward run: ${name}`, () => {
    const target = history();
    target.arm(points);
    assert.deepEqual(
      allBackward(target, () => complete(target.backward())),
      oracle(points),
    );
    assert.equal(target.position, 0);
  });

  test(`random pauses do not change the stops of a backward run: ${name}`, (t) => {
    const random = SeededRandom.forTest(t);
    const target = history();
    target.arm(points);
    const run = (): TargetStop => {
      const search = target.backward();
      for (;;) {
        const next = target.pause.resume(search, () => random.chance(0.5));
        if (next.done) return next.value;
      }
    };
    assert.deepEqual(allBackward(target, run), oracle(points));
  });
}

test('a backward run ignores a stop at its start, and a data breakpoint reports the access of the next step', () => {
  const target = history();
  target.arm(watchpoint('write'));
  const stop = complete(target.backward());
  assert.equal(stop.kind, 'hit');
  assert.ok(stop.kind === 'hit');
  const [hit] = stop.hits;
  assert.ok(hit.kind === 'access');
  assert.deepEqual([hit.id, hit.access, hit.position], [7, 'write', target.position]);
  assert.equal(hit.newBytes[0] - hit.oldBytes[0], 1);
  assert.equal(target.machine.ram.read(BigInt(COUNTER), 1)[0], hit.oldBytes[0]);
  const { position } = target;
  complete(target.backward());
  assert.ok(target.position < position);
});

/** A history so long that the search of one segment takes several slices. */
function longHistory(end: number): ToyTarget {
  const target = new ToyTarget(LONG);
  complete(target.forward(end));
  return target;
}

test('during a pause, the machine is in a recorded state: at the start of the search or of the part searched so far', () => {
  const end = 60_000_000;
  const segments = [end, 3 << 24, 2 << 24, 1 << 24];
  const digests = straightDigests(LONG, segments);
  const target = longHistory(end);
  target.arm(breakpoint(0xdead_0000n));
  const search = target.backward();
  const positions = new Set<number>();
  let pauses = 0;
  for (let next = target.pause.resume(search, () => true); !next.done; next = target.pause.resume(search, () => true)) {
    pauses++;
    positions.add(target.position);
    assert.equal(target.travel.isAtLiveEnd, target.position === end);
    assert.deepEqual(target.machine.digestParts(), digests.get(target.position), `at ${target.position}`);
  }
  assert.ok(pauses > 10 && pauses < 500, `${pauses} pauses`);
  assert.deepEqual([...positions], [end], 'without cached snapshots, there is one segment');
  assert.equal(target.position, 0);
  // The first search has left cached snapshots, so the second search has several segments.
  complete(target.goTo(end));
  positions.clear();
  const again = target.backward();
  while (!target.pause.resume(again, () => true).done) positions.add(target.position);
  assert.deepEqual([...positions].slice(0, 2), [end, 3 << 24]);
});

test('a search leaves snapshots at regular intervals, so a second search replays little', () => {
  const target = longHistory(60_000_000);
  target.arm(breakpoint(LONG_ROUNDS.labels.count));
  complete(target.backward());
  const first = target.machine.executed;
  complete(target.backward());
  assert.ok(target.machine.executed - first < 2 * (1 << 24), `${target.machine.executed - first} steps`);
});

test('a slice makes progress even if a pause is always requested, and is not much longer than half a million steps', () => {
  const target = longHistory(20_000_000);
  target.arm(breakpoint(0xdead_0000n));
  const search = target.backward();
  let longest = 0;
  let slices = 0;
  for (let isDone = false; !isDone; slices++) {
    const before = target.machine.executed;
    isDone = target.pause.resume(search, () => true).done === true;
    longest = Math.max(longest, target.machine.executed - before);
  }
  assert.ok(slices <= 45, `${slices} slices`);
  assert.ok(longest <= 700_000, `${longest} steps in a slice`);
});

test('a search in a replay pauses while it loads a stored snapshot, and loads it once', () => {
  const live = new ToyTarget(LONG);
  complete(live.forward(6_000_000));
  live.store('stored');
  complete(live.forward(12_000_000));
  const replay = live.replay();
  complete(replay.forward(12_000_000));
  replay.arm(breakpoint(0xdead_0000n));
  const search = replay.backward();
  let pauses = 0;
  while (!replay.pause.resume(search, () => replay.loads.length === 0).done) {
    pauses++;
    assert.equal(replay.position, 12_000_000);
  }
  assert.ok(pauses >= 2, `${pauses} pauses`);
  assert.deepEqual(replay.loads, ['stored']);
});

test('if the machine moves or the stop points change during a pause, the search starts again from the current position', () => {
  const target = longHistory(20_000_000);
  const { count, sum } = LONG_ROUNDS.labels;
  target.arm(breakpoint(0xdead_0000n));
  const search = target.backward();
  assert.equal(target.pause.resume(search, () => true).done, false);
  target.arm(breakpoint(count));
  complete(target.goTo(9_000_000));
  const stop = complete(search);
  assert.deepEqual(stop, { kind: 'breakpoint', pc: count });
  const expected = target.position;
  assert.ok(expected < 9_000_000 && expected > 6_000_000);
  const other = target.backward();
  target.pause.resume(other, () => true);
  target.arm(breakpoint(sum));
  assert.deepEqual(complete(other), { kind: 'breakpoint', pc: sum });
  assert.ok(target.position < expected && target.position > expected - 1_400_000);
});

test('a paused search that is never resumed does not keep its snapshots in memory', () => {
  const budget = { memoryBytes: 300_000, scratchBytes: 1 << 20, snapshots: 3 };
  const target = new ToyTarget(LONG, { budget });
  complete(target.forward(20_000_000));
  target.arm(breakpoint(0xdead_0000n));
  for (let i = 0; i < 50; i++) {
    target.pause.resume(target.backward(), () => true);
    complete(target.goTo(10_000_000 + i));
  }
  assert.ok(target.travel.cost.snapshots <= 3);
});

test('a search finds a stop at the position of a snapshot that it creates', () => {
  // With 16 delays, `before` is executed one step before position 2^24.
  const { code, labels } = assemble([
    Array.from({ length: 16 }, () => delay(1_000_000)),
    delay(777_198),
    label('before'),
    nop,
    label('exactly'),
    nop,
    delay(1_000_000),
    halt,
  ]);
  const target = new ToyTarget({ code });
  complete(target.forward(Infinity));
  target.arm({ breakpoints: new Set([labels.before, labels.exactly]), watchpoints: [] });
  assert.deepEqual(complete(target.backward()), { kind: 'breakpoint', pc: labels.exactly });
  assert.equal(target.position, 1 << 24);
  assert.deepEqual(complete(target.backward()), { kind: 'breakpoint', pc: labels.before });
});
