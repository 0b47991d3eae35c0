/** Live machines, replaying machines and the toy machine move and stop as the interface `Target` specifies. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { complete, type Target } from '../../../debug-adapter/engine/index.ts';
import type { StopPoints, WatchHit } from '../../../debug-adapter/engine/target/stopPoints.ts';
import type { TargetStop } from '../../../debug-adapter/engine/target/target.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { CALLS, COUNTER } from '../../support/toy/programs.ts';
import { ToyTarget } from '../../support/toy/toyTarget.ts';
import { DEMO, stageOf } from '../timeline/travelSupport.ts';
import { some, times } from '../../support/extent.ts';

const END = times({ quick: 800, long: 2000 });
const NONE = { breakpoints: new Set<bigint>(), watchpoints: [] };

/** Functions that create the targets; each target has already executed `end` steps. */
const TARGETS: Record<string, (t: TestContext, end?: number) => Target> = {
  'the toy': (_, end = END) => {
    const target = new ToyTarget({ code: CALLS.code, handler: CALLS.labels.handler });
    complete(target.forward(end));
    return target;
  },
  'a machine that is recorded': (t, end = END) => {
    const timeline = stageOf(DEMO, t).record();
    t.after(() => timeline.abandon());
    complete(timeline.forward(end));
    return timeline;
  },
  'a replay': (t, end = END) => {
    const stage = stageOf(DEMO, t);
    const timeline = stage.record();
    timeline.advance(end);
    timeline.close({ reason: 'interrupted' });
    const replay = stage.replay();
    t.after(() => replay.abandon());
    complete(replay.forward(end));
    return replay;
  },
};

/** The numbers of the registers t0, t1, t2 and a0 to a5. */
const REGISTERS = [5, 6, 7, 10, 11, 12, 13, 14, 15];
const MCAUSE = 0x342;
/** Each backward run replays most of the history, so only this many stops are compared. */
const STOPS_BACKWARD = times({ quick: 10, long: 40 });

/** Repeats `run` until it reports no further stop. Returns the position before the step of each stop. */
function stopsOf(target: Target, run: () => TargetStop, countMax = Infinity): number[] {
  const found: number[] = [];
  while (found.length < countMax) {
    const stop = run();
    if (stop.kind !== 'hit' && stop.kind !== 'trap') break;
    if (stop.kind === 'trap') assert.equal(stop.trap.pc, target.inspect().pc);
    found.push(stop.kind === 'hit' ? stop.hits[0].position : target.position);
  }
  return found;
}

/** The state that can be read through the interface `Target`, as text. */
function stateOf(target: Target): string {
  const inspector = target.inspect();
  const registers = Array.from({ length: 32 }, (_, i) => inspector.register(i));
  const stack = [...inspector.readMemory(inspector.register(2) & ~15n, 64)];
  return [target.position, inspector.pc, inspector.privilege, registers, target.harts.instructionsOf(0), stack].join();
}

/** The steps in which the machine's program uses its stack. Before them, it only clears memory that is already zero. */
const CHANGES = { start: 20_000, end: 21_000 };

/**
 * Finds the word that changes most often in the range CHANGES. Returns its address and the positions of the steps that
 * change it.
 */
function changesInTrace(target: Target): { address: number; positions: number[] } {
  complete(target.goTo(CHANGES.start));
  const stack = (target.inspect().register(2) & ~15n) - 112n;
  const starts = [stack, BigInt(COUNTER)];
  const words = (): string[] =>
    starts.flatMap((start) => {
      const bytes = Buffer.from(target.inspect().readMemory(start, 128));
      return Array.from({ length: 16 }, (_, i) => bytes.toString('hex', 8 * i, 8 * i + 8));
    });
  let before = words();
  const changes = before.map((): number[] => []);
  const compare = (position: number): void => {
    const after = words();
    after.forEach((word, i) => word !== before[i] && changes[i].push(position - 1));
    before = after;
  };
  complete(target.trace(CHANGES.end, () => compare(target.position)));
  compare(CHANGES.end);
  const most = changes.reduce((best, positions, i) => (positions.length > changes[best].length ? i : best), 0);
  assert.ok(changes[most].length > 0, 'a word changes');
  return { address: Number(starts[Math.floor(most / 16)]) + 8 * (most % 16), positions: changes[most] };
}

for (const [name, open] of some(Object.entries(TARGETS), 2)) {
  suite(name, () => {
    test('the target can go to any position in its history and has the same state there each time', (t) => {
      const target = open(t);
      const random = SeededRandom.forTest(t);
      assert.deepEqual([target.history?.start, target.history?.end], [0, END]);
      const states = new Map<number, string>();
      for (let i = 0; i < times({ quick: 12, long: 40 }); i++) {
        const position = i % 2 === 0 ? random.below(END + 1) : random.pick([...states.keys()]);
        complete(target.goTo(position));
        assert.equal(target.position, position);
        const state = stateOf(target);
        assert.equal(states.get(position) ?? state, state, `at ${position}`);
        states.set(position, state);
      }
    });

    test('the target stops at the same breakpoints in both directions and reports the pc of each stop', (t) => {
      const target = open(t);
      complete(target.goTo(END / 2));
      const { pc } = target.inspect();
      complete(target.goTo(0));
      target.arm({ breakpoints: new Set([pc]), watchpoints: [] });
      const forward: number[] = [];
      for (let stop = complete(target.forward(END)); stop.kind === 'breakpoint'; stop = complete(target.forward(END))) {
        assert.deepEqual([stop.pc, target.inspect().pc], [pc, pc]);
        forward.push(target.position);
      }
      assert.ok(forward.includes(END / 2));
      assert.equal(target.position, END);
      const backward: number[] = [];
      while (complete(target.backward()).kind === 'breakpoint') backward.unshift(target.position);
      assert.equal(target.position, 0);
      // A forward run does not stop at a breakpoint at its starting position, but a backward run stops at a breakpoint
      // at position 0.
      assert.deepEqual(
        backward.filter((position) => position > 0),
        forward,
      );
    });

    test('the target stops at the steps that change a register or CSR, and before traps, in both directions', (t) => {
      const target = open(t);
      const states: { values: string; cause: bigint; instructions: number }[] = [];
      const visit = (): void => {
        const inspector = target.inspect();
        const instructions = target.harts.instructionsOf(0);
        const values = REGISTERS.map((register) => inspector.register(register)).join();
        states.push({ values, cause: inspector.csr(MCAUSE)!, instructions });
      };
      complete(target.goTo(0));
      complete(target.trace(END, visit));
      visit();
      /** The positions before the steps for which `isStop` returns true, given the states before and after the step. */
      const steps = (isStop: (before: (typeof states)[0], after: (typeof states)[0]) => boolean): number[] =>
        [...states.keys()].filter((i) => i > 0 && i < END && isStop(states[i], states[i + 1]));
      const causes = new Set(Array.from({ length: 16 }, (_, cause) => cause));
      const cases: [points: Partial<StopPoints>, expected: number[]][] = [
        [
          { registers: REGISTERS.map((register) => ({ id: register, what: { kind: 'register', register } })) },
          steps((a, b) => a.values !== b.values),
        ],
        [{ registers: [{ id: 1, what: { kind: 'csr', number: MCAUSE } }] }, steps((a, b) => a.cause !== b.cause)],
        [{ traps: [{ id: 1, exceptions: causes }] }, steps((a, b) => a.instructions === b.instructions)],
      ];
      assert.ok(cases[0][1].length > 0);
      for (const [points, expected] of cases) {
        complete(target.goTo(1));
        target.arm({ ...NONE, ...points });
        const forward = stopsOf(target, () => complete(target.forward(END, { stopsAtStart: target.position === 1 })));
        assert.deepEqual(forward, expected);
        assert.equal(target.position, END);
        const last = expected.slice(-STOPS_BACKWARD);
        assert.deepEqual(stopsOf(target, () => complete(target.backward()), last.length).reverse(), last);
      }
    });

    test('a change watchpoint stops at the steps that change the watched bytes, forward and backward', (t) => {
      const target = open(t, CHANGES.end);
      const { address, positions } = changesInTrace(target);
      const watchpoint = { id: 1, address, lengthBytes: 8 };
      target.arm({ breakpoints: new Set(), watchpoints: [{ ...watchpoint, access: 'change' }] });
      complete(target.goTo(CHANGES.start));
      const forward: number[] = [];
      for (let stop; (stop = complete(target.forward(CHANGES.end))).kind === 'hit';) {
        const [hit] = stop.hits as WatchHit[];
        assert.notDeepEqual(hit.oldBytes, hit.newBytes);
        assert.equal(target.position, hit.position + 1);
        forward.push(hit.position);
      }
      assert.deepEqual(forward, positions);
      const backward = positions.map(() => (complete(target.backward()).kind === 'hit' ? target.position : -1));
      assert.deepEqual(backward.reverse(), positions);
      target.arm(NONE);
    });

    test('a move that is paused and continued ends at the same position, and the state can be read during the pause', (t) => {
      const target = open(t);
      complete(target.goTo(100));
      const expected = stateOf(target);
      complete(target.goTo(0));
      let times = 0;
      const move = target.goTo(100);
      for (let isDone = false; !isDone;) {
        isDone = target.pause.resume(move, () => ++times % 2 === 0).done === true;
        stateOf(target);
      }
      assert.equal(stateOf(target), expected);
    });

    test('a trace visits each step and ignores breakpoints', (t) => {
      const target = open(t);
      complete(target.goTo(200));
      target.arm({ breakpoints: new Set([target.inspect().pc]), watchpoints: [] });
      const seen: number[] = [];
      complete(target.trace(230, () => seen.push(target.position)));
      assert.deepEqual(
        seen,
        Array.from({ length: 30 }, (_, i) => 200 + i),
      );
      target.arm(NONE);
    });
  });
}

test('a disk read returns the contents at the current position', (t) => {
  const timeline = stageOf(DEMO, t).record();
  t.after(() => timeline.abandon());
  const [disk] = timeline.disks;
  const bytes = (): string => {
    const all = new Uint8Array(1 << 16);
    disk.read(0, all);
    return Buffer.from(all).toString('latin1');
  };
  const before = bytes();
  timeline.advance(20_000_000);
  const after = bytes();
  assert.notEqual(after, before, 'the guest has written');
  complete(timeline.goTo(0));
  assert.equal(bytes(), before);
  complete(timeline.goTo(20_000_000));
  assert.equal(bytes(), after);
});
