/** A backward run finds the same last stop as a scan of the whole history, no matter when the run is paused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { NO_STOP_POINTS, type StopPoints } from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { TargetStop } from '../../../debug-adapter/engine/target/target.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { COUNTER, LONG_ROUNDS, SHORT_ROUNDS } from '../../support/toy/programs.ts';
import { A0, assemble, delay, halt, label, nop } from '../../support/toy/toyProgram.ts';
import { CSR } from '../../support/toy/toyMachine.ts';
import { straightDigests, ToyTarget } from '../../support/toy/toyTarget.ts';
import { longTest, some } from '../../support/extent.ts';

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

/** Finds the position and kind of every stop by single-stepping forward. */
function oracle(points: StopPoints, end = END): { position: number; kind: string }[] {
  const target = new ToyTarget(SHORT);
  const found: { position: number; kind: string }[] = [];
  target.arm(points);
  while (target.position < end) {
    const { position } = target;
    const stop = complete(target.forward(position + 1, { stopsAtStart: true }));
    if (stop.kind === 'breakpoint' || stop.kind === 'trap') {
      found.push({ position, kind: stop.kind });
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

/**
 * Runs backward from the end to the start of the history. `run` executes one backward run. Returns the stops in
 * ascending order.
 */
function allBackward(target: ToyTarget, run: () => TargetStop): { position: number; kind: string }[] {
  const found: { position: number; kind: string }[] = [];
  for (;;) {
    const stop = run();
    if (stop.kind === 'startOfRecording') return found.reverse();
    found.push({ position: target.position, kind: stop.kind });
  }
}

for (const [name, points] of some(
  Object.entries<StopPoints>({
    'a breakpoint': breakpoint(SHORT_ROUNDS.labels.count),
    'a breakpoint at the first instruction': breakpoint(SHORT_ROUNDS.labels.start),
    'a breakpoint with a condition': breakpoint(SHORT_ROUNDS.labels.count, () => true),
    'a data breakpoint on writes': watchpoint('write'),
    'a data breakpoint on reads': watchpoint('read'),
    'a data breakpoint on both': watchpoint('readWrite'),
    'both kinds together': { ...breakpoint(SHORT_ROUNDS.labels.sum), watchpoints: watchpoint('write').watchpoints },
    'a breakpoint directly after an access': {
      ...breakpoint(SHORT_ROUNDS.labels.sum + 4n),
      watchpoints: [{ id: 7, address: COUNTER + 8, lengthBytes: 8, access: 'write' }],
    },
    'a change of a register': { ...NO_STOP_POINTS, registers: [{ id: 3, what: { kind: 'register', register: A0 } }] },
    'a change of a CSR': { ...NO_STOP_POINTS, registers: [{ id: 3, what: { kind: 'csr', number: CSR.mepc } }] },
    interrupts: { ...NO_STOP_POINTS, traps: [{ id: 3, interrupts: new Set([7]) }] },
    'a breakpoint that is never reached': breakpoint(0xdead_0000n),
  }),
  4,
)) {
  test(`backward runs find the same stops as single-stepping forward: ${name}`, () => {
    const target = history();
    target.arm(points);
    assert.deepEqual(
      allBackward(target, () => complete(target.backward())),
      oracle(points),
    );
    assert.equal(target.position, 0);
  });

  longTest(`random pauses do not change the stops of backward runs: ${name}`, (t) => {
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

test('a backward run ignores a stop at its start; a data breakpoint stops it before the access and reports that access', () => {
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

/** Creates a history so long that the search of one segment takes several slices. */
function longHistory(end: number): ToyTarget {
  const target = new ToyTarget(LONG);
  complete(target.forward(end));
  return target;
}

test('during a pause, the machine is in a recorded state: where the search began, or at the start of the part searched so far', () => {
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

test('a search leaves cached snapshots at regular intervals, so a second search replays little', () => {
  const target = longHistory(60_000_000);
  target.arm(breakpoint(LONG_ROUNDS.labels.count));
  complete(target.backward());
  const first = target.machine.executed;
  complete(target.backward());
  assert.ok(target.machine.executed - first < 2 * (1 << 24), `${target.machine.executed - first} steps`);
});

test('a slice of a search makes progress even if a pause is always requested, and is not much longer than half a million steps', () => {
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

test('a search finds a breakpoint at the position of a snapshot that the search creates', () => {
  // The delays are chosen so that `before` is executed one step before position 2^24.
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

test('a backward run stops at a breakpoint at the first instruction of the history', () => {
  const target = new ToyTarget({ code: SHORT_ROUNDS.code });
  complete(target.forward(100));
  target.arm(breakpoint(SHORT_ROUNDS.labels.start));
  assert.deepEqual(complete(target.backward()), { kind: 'breakpoint', pc: SHORT_ROUNDS.labels.start });
  assert.equal(target.position, 0);
  assert.deepEqual(complete(target.backward()), { kind: 'startOfRecording' });
});

test('backward runs stop at a breakpoint on the instruction directly after an access to watched bytes', () => {
  const points = { ...breakpoint(SHORT_ROUNDS.labels.count + 4n), watchpoints: watchpoint('write').watchpoints };
  const target = history();
  target.arm(points);
  assert.deepEqual(
    allBackward(target, () => complete(target.backward())),
    oracle(points),
  );
});

test('a backward run stops at a breakpoint at the position of a pause, even if an earlier breakpoint in the same segment was found first', () => {
  const { code, labels } = assemble([label('first'), nop, delay(700_000), label('second'), nop, delay(100_000), halt]);
  const target = new ToyTarget({ code });
  complete(target.forward(Infinity));
  target.arm({ breakpoints: new Set([labels.first, labels.second]), watchpoints: [] });
  const search = target.backward();
  // The nop takes one step, and the delay one step more than its argument.
  const second = 700_002;
  assert.equal(target.pause.resume(search, () => target.position === second).done, false, 'pauses there');
  assert.deepEqual(complete(search), { kind: 'breakpoint', pc: labels.second });
  assert.equal(target.position, second);
});

for (const [what, move] of Object.entries({
  'a move': (target) => complete(target.goTo(9_000_000)),
  'a move to the live end': (target) => complete(target.goTo(20_000_000)),
  'a run forward': (target) => [1, 2].forEach(() => complete(target.forward(Infinity))),
  'a trace': (target) => complete(target.trace(target.position + 100, () => {})),
  'the deletion of a snapshot': (target) => target.travel.deleteSnapshots(['id of stored'], () => target.stored.pop()),
  'another search': (target) => target.pause.resume(target.backward(), () => true),
} satisfies Record<string, (target: ToyTarget) => void>)) {
  test(`after ${what}, a paused search starts again and finds the stop before the current position`, () => {
    const { count } = LONG_ROUNDS.labels;
    const target = longHistory(8_000_000);
    target.store('stored');
    complete(target.forward(20_000_000));
    complete(target.goTo(12_000_000));
    target.arm(breakpoint(count));
    const search = target.backward();
    assert.equal(target.pause.resume(search, () => true).done, false);
    move(target);
    const from = target.position;
    assert.deepEqual(complete(search), { kind: 'breakpoint', pc: count });
    // A round of the program takes 1.3 million steps.
    assert.ok(target.position < from && target.position > from - 1_400_000, `from ${from} to ${target.position}`);
    target.checkCosts();
  });
}

test('each search releases the snapshots that an abandoned search held', () => {
  const target = longHistory(20_000_000);
  complete(target.goTo(12_000_000));
  target.arm(breakpoint(0xdead_0000n));
  for (let i = 0; i < 10; i++) {
    target.pause.resume(target.backward(), () => true);
    assert.ok(target.disk.captured.size <= target.travel.cost.snapshots + 2);
  }
});

/** Creates a history with many cached snapshots, and leaves the machine at a position after them. */
function withShortSegments(): ToyTarget {
  const target = longHistory(1_000_000);
  for (let position = 0; position < 600_000; position += 10_000) complete(target.goTo(position));
  target.arm(breakpoint(0xdead_0000n));
  return target;
}

test('in short segments, a search pauses after about half a million steps, including the cost of restoring states', () => {
  const target = withShortSegments();
  const segments = target.travel.cost.snapshots;
  assert.ok(segments > 30);
  const search = target.backward();
  let pauses = 0;
  for (; !target.pause.resume(search, () => true).done; pauses++) {
    const held = target.disk.captured.size - target.travel.cost.snapshots;
    assert.ok(held <= 2, `the search holds ${held} states`);
  }
  assert.ok(pauses > segments / 5 && pauses < segments / 2, `${pauses} pauses in ${segments} segments`);
  target.checkCosts();
});

test('a search pauses after it has loaded a snapshot, and during loading, the machine is at the start of the part searched so far', () => {
  const live = new ToyTarget(LONG);
  for (const position of [6_000_000, 12_000_000]) {
    complete(live.forward(position));
    live.store(`at ${position}`);
  }
  complete(live.forward(14_000_000));
  const replay = live.replay();
  complete(replay.forward(14_000_000));
  replay.arm(watchpoint('write', COUNTER + 64));
  const search = replay.backward();
  const whileLoading: number[] = [];
  for (;;) {
    const [loads, { executed }] = [replay.loads.length, replay.machine];
    if (replay.pause.resume(search, () => true).done) break;
    if (replay.loads.length > loads) assert.equal(replay.machine.executed, executed, 'pauses after loading');
    if (replay.machine.executed === executed) whileLoading.push(replay.position);
    const isStart = [14_000_000, 12_000_000, 6_000_000].includes(replay.position);
    assert.ok(isStart, `at ${replay.position}`);
  }
  assert.deepEqual([...new Set(whileLoading)], [14_000_000, 12_000_000]);
  assert.deepEqual(replay.loads, ['at 12000000', 'at 6000000']);
});

test('if loading a snapshot waits for a promise, the search waits too', () => {
  const target = history();
  target.arm(breakpoint(SHORT_ROUNDS.labels.count));
  const rewinder = target.travel['rewinder'];
  const restoreNearest = rewinder.restoreNearest.bind(rewinder);
  const promise = Promise.resolve();
  rewinder.restoreNearest = function* (...options) {
    yield promise;
    return yield* restoreNearest(...options);
  };
  const search = target.backward();
  assert.equal(search.next().value, promise);
  assert.equal(target.position, END);
  assert.equal(search.next().value, promise, 'the move to the stop that was found');
  assert.deepEqual(search.next().value, { kind: 'breakpoint', pc: SHORT_ROUNDS.labels.count });
});
