/** With conditions, hit conditions or log messages, runs stop and print exactly where single-stepping would. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  type BreakpointId,
  complete,
  type Condition,
  type LogMessage,
  parseHitCondition,
  Session,
  type Sliced,
  type StopPoint,
  type StopReason,
  UserError,
} from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { CALLS, COUNTER, SHORT_ROUNDS } from '../../support/toy/programs.ts';
import { A0, type ToyProgram } from '../../support/toy/toyProgram.ts';
import { ToyTarget } from '../../support/toy/toyTarget.ts';

const END = 1500;
const SLICES = 0.05;

/** Records a program; returns a session that replays it, at position 0. */
function replayOf(program: ToyProgram, harts = 1) {
  const options = { code: program.code, handler: program.labels.handler, harts };
  const recorded = new ToyTarget(options);
  complete(recorded.forward(END));
  const target = new ToyTarget(options, { replayed: { ...recorded.log, end: END } });
  const session = new Session(target);
  const logs: { id: BreakpointId; position: number; text: string }[] = [];
  session.listener.onLog = (message) => logs.push(message);
  const counted: number[] = [];
  session.listener.onCounting = (progress) => progress && counted.push(progress.start);
  return { session, target, logs, counted };
}

type Replay = ReturnType<typeof replayOf>;

const conditionOn = ({ session }: Replay, holds: (a0: bigint) => boolean): Condition => ({
  text: 'a0',
  holds: () => holds(session.inspector.register(A0)),
});

const messageOf = ({ session }: Replay): LogMessage => ({
  text: 'a0 is {a0}',
  evaluate: () => `a0 is ${session.inspector.register(A0)}`,
});

const execute = (address: bigint): StopPoint => ({ what: { kind: 'execute', address } });

/** The pc, the value of a0 and the hart at each position, as a single-stepping debugger would find them. */
function visits(program: ToyProgram, harts = 1) {
  const { session, target } = replayOf(program, harts);
  const seen: { pc: bigint; a0: bigint; hart: number }[] = [];
  complete(
    target.trace(END, () => {
      const { pc, hart } = session.inspector;
      seen.push({ pc, a0: session.inspector.register(A0), hart });
    }),
  );
  return seen;
}

test('the hit condition "3" stops only at the third hit, in both directions', () => {
  const replay = replayOf(SHORT_ROUNDS);
  const { session } = replay;
  const hits = visits(SHORT_ROUNDS).flatMap(({ pc }, position) => (pc === SHORT_ROUNDS.labels.count ? [position] : []));
  const id = session.stopPoints.add({ ...execute(SHORT_ROUNDS.labels.count), hitCondition: parseHitCondition('3') });
  assert.deepEqual(complete(session.continue()), { kind: 'breakpoint', ids: [id], pc: SHORT_ROUNDS.labels.count });
  assert.equal(session.position, hits[2]);
  assert.equal(session.stopPoints.hitCount(id), 3);
  assert.equal(complete(session.continue()).kind, 'endOfRecording');
  assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
  assert.equal(session.position, hits[2]);
  assert.equal(complete(session.reverseContinue()).kind, 'startOfRecording');
});

test('hits before the position at which a stop point was set are counted backward from that position', () => {
  const { session, counted } = replayOf(SHORT_ROUNDS);
  const hits = visits(SHORT_ROUNDS).flatMap(({ pc }, position) => (pc === SHORT_ROUNDS.labels.count ? [position] : []));
  complete(session.goTo(1000));
  const before = hits.filter((position) => position < 1000);
  const id = session.stopPoints.add({ ...execute(SHORT_ROUNDS.labels.count), hitCondition: parseHitCondition('% 4') });
  assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
  assert.equal(session.position, before.at(-4));
  assert.equal(session.stopPoints.hitCount(id), 4);
  complete(session.goTo(0));
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  assert.equal((before.length - before.indexOf(session.position)) % 4, 0);
  assert.ok(counted.length > 0, 'the progress of counting is reported');
});

test('if going to a position skips part of the history, the hits in that part are counted before the next run', () => {
  const { session } = replayOf(SHORT_ROUNDS);
  const hits = visits(SHORT_ROUNDS).flatMap(({ pc }, position) => (pc === SHORT_ROUNDS.labels.count ? [position] : []));
  session.stopPoints.add({ ...execute(SHORT_ROUNDS.labels.count), hitCondition: parseHitCondition('>= 20') });
  complete(session.goTo(hits[9] + 1));
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  assert.equal(session.position, hits[19]);
});

test('stop points whose hits are counted together share one hit count', () => {
  const { count, ...others } = SHORT_ROUNDS.labels;
  const [other] = Object.values(others).filter((label) => visits(SHORT_ROUNDS).some(({ pc }) => pc === label));
  const hits = visits(SHORT_ROUNDS).flatMap(({ pc }, position) => (pc === count || pc === other ? [position] : []));
  const { session } = replayOf(SHORT_ROUNDS);
  const hitCondition = parseHitCondition('% 5');
  const first = session.stopPoints.add({ ...execute(count), hitCondition });
  const second = session.stopPoints.add({ ...execute(other), hitCondition, countsWith: first });
  complete(session.continue());
  complete(session.continue());
  assert.equal(session.position, hits[9]);
  assert.deepEqual([session.stopPoints.hitCount(first), session.stopPoints.hitCount(second)], [10, 10]);
  complete(session.reverseContinue());
  assert.equal(session.position, hits[4]);
});

const error = new UserError('badInput', { code: 'x', fields: {}, problem: 'No value.', remedy: '' });
const fails: Condition = {
  text: 'x',
  holds: () => {
    throw error;
  },
};

test('a stop point whose condition cannot be evaluated stops the run, and the stop reason contains the error', () => {
  const { session } = replayOf(SHORT_ROUNDS);
  const id = session.stopPoints.add({ ...execute(SHORT_ROUNDS.labels.count), condition: fails });
  const pc = SHORT_ROUNDS.labels.count;
  assert.deepEqual(complete(session.continue()), { kind: 'breakpoint', ids: [id], pc, errors: [{ id, error }] });
  const what = { kind: 'access', address: BigInt(COUNTER), lengthBytes: 4, access: 'write' } as const;
  const watch = session.stopPoints.add({ what, condition: fails });
  const reason = complete(session.continue());
  assert.ok(reason.kind === 'hit');
  assert.deepEqual(reason.errors, [{ id: watch, error }]);
});

test('a condition that cannot be evaluated stops the run in both directions, even at a logpoint or if the hit condition never holds', () => {
  for (const never of [
    { logMessage: { text: 'x', evaluate: () => 'x' } },
    { hitCondition: parseHitCondition('1000') },
  ]) {
    const { session, logs } = replayOf(SHORT_ROUNDS);
    const pc = SHORT_ROUNDS.labels.count;
    const hits = visits(SHORT_ROUNDS).flatMap((one, position) => (one.pc === pc ? [position] : []));
    const id = session.stopPoints.add({ ...execute(pc), condition: fails, ...never });
    const stop = { kind: 'breakpoint', ids: [id], pc, errors: [{ id, error }] };
    for (const position of hits.slice(0, 2)) {
      assert.deepEqual(complete(session.continue()), stop);
      assert.equal(session.position, position);
    }
    assert.deepEqual(complete(session.reverseContinue()), stop);
    assert.equal(session.position, hits[0]);
    assert.deepEqual(logs, []);
  }
});

test('a step counts the hit of a stop point at the instruction that it executes, and prints its log message', () => {
  const replay = replayOf(SHORT_ROUNDS);
  const { session, logs } = replay;
  const { count } = SHORT_ROUNDS.labels;
  const stop = session.stopPoints.add(execute(count));
  complete(session.continue());
  session.stopPoints.remove(stop);
  const { position } = session;
  const id = session.stopPoints.add({ ...execute(count), logMessage: messageOf(replay) });
  const counted = session.stopPoints.add({ ...execute(count), hitCondition: parseHitCondition('2') });
  complete(session.stepInstruction());
  assert.deepEqual(logs, [{ id, position, text: 'a0 is 1' }]);
  assert.deepEqual(complete(session.continue()), { kind: 'breakpoint', ids: [counted], pc: count });
  assert.equal(session.stopPoints.hitCount(counted), 2);
});

test('the syntax of a hit condition is checked when it is set', () => {
  for (const [text, column] of Object.entries({ x: 1, '5x': 2, '> ': 3, '% 0': 3, '!= 3': 1, '5 6': 3, '': 1 })) {
    assert.throws(
      () => parseHitCondition(text),
      (error) => error instanceof UserError && error.fields.column === column,
      text,
    );
  }
  const stops = (text: string) => [1, 2, 3, 4, 5, 6].filter((hit) => parseHitCondition(text).stopsAt(hit));
  assert.deepEqual(stops('3'), [3]);
  assert.deepEqual(stops(' == 3 '), [3]);
  assert.deepEqual(stops('=3'), [3]);
  assert.deepEqual(stops('>3'), [4, 5, 6]);
  assert.deepEqual(stops('>= 3'), [3, 4, 5, 6]);
  assert.deepEqual(stops('< 3'), [1, 2]);
  assert.deepEqual(stops('<=3'), [1, 2, 3]);
  assert.deepEqual(stops('%3'), [3, 6]);
});

// --- random sessions -------------------------------------------------------------------------------------------------

interface RandomPoint {
  /** Returns the ID of the stop point at the address that is executed at the position. */
  idAt: (position: number) => BreakpointId;
  setAt: number;
  hits: number[];
  stopsAt: (hit: number) => boolean;
  isLog: boolean;
  printed: Set<number>;
}

/**
 * Adds a random stop point, or two whose hits are counted together, at the current position. Finds all their hits by
 * single-stepping.
 */
function addRandom(random: SeededRandom, replay: Replay, program: ToyProgram, harts: number): RandomPoint {
  const { session } = replay;
  const labels = Object.values(program.labels);
  const addresses = [...new Set([random.pick(labels), ...(random.chance(0.3) ? [random.pick(labels)] : [])])];
  const remainder = random.chance(0.4) ? BigInt(random.below(2)) : undefined;
  const hart = harts > 1 && random.chance(0.3) ? random.below(harts) : undefined;
  const condition = remainder === undefined ? undefined : conditionOn(replay, (a0) => a0 % 2n === remainder);
  const hitText = random.pick([undefined, '1', '3', '> 4', '< 3', '% 3', '>= 10', '% 7']);
  const isLog = random.chance(0.4);
  const visited = visits(program, harts);
  const hits = visited.flatMap((one, position) => {
    const isHit = addresses.includes(one.pc) && (remainder === undefined || one.a0 % 2n === remainder);
    return isHit && (hart ?? one.hart) === one.hart ? [position] : [];
  });
  const hitCondition = hitText === undefined ? undefined : parseHitCondition(hitText);
  const logMessage = isLog ? messageOf(replay) : undefined;
  const setAt = session.position;
  const ids = new Map<bigint, BreakpointId>();
  for (const address of addresses) {
    const point = { ...execute(address), condition, hitCondition, logMessage, hart };
    ids.set(address, session.stopPoints.add({ ...point, countsWith: ids.get(addresses[0]) }));
  }
  const idAt = (position: number) => ids.get(visited[position].pc)!;
  return { idAt, setAt, hits, stopsAt: (hit) => hitCondition?.stopsAt(hit) ?? true, isLog, printed: new Set() };
}

/** The positions at which a stop point stops the run or prints its log message. */
function effects({ setAt, hits, stopsAt }: RandomPoint): number[] {
  const first = hits.findIndex((position) => position >= setAt);
  const base = first < 0 ? hits.length : first;
  return hits.filter((_, i) => stopsAt(i >= base ? i - base + 1 : base - i));
}

function run(replay: Replay, random: SeededRandom, made: Sliced<StopReason>): StopReason {
  for (;;) {
    const next = replay.target.pause.resume(made, () => random.chance(SLICES));
    if (next.done) return next.value;
  }
}

function walk(t: TestContext, program: ToyProgram, harts: number): void {
  const random = SeededRandom.forTest(t);
  const replay = replayOf(program, harts);
  const { session, logs } = replay;
  const points: RandomPoint[] = [];
  for (let move = 0; move < 40; move++) {
    if (points.length < 4 && random.chance(0.3)) points.push(addRandom(random, replay, program, harts));
    const from = session.position;
    logs.length = 0;
    const stops = points.filter(({ isLog }) => !isLog).flatMap(effects);
    const printedAt = (positions: (p: number) => boolean) =>
      points
        .filter(({ isLog }) => isLog)
        .flatMap((point) =>
          effects(point)
            .filter((p) => positions(p) && !point.printed.has(p))
            .map((p) => ({ p, point })),
        )
        .sort((a, b) => a.p - b.p || a.point.idAt(a.p) - b.point.idAt(b.p));
    const kind = random.pick(['continue', 'reverse', 'goTo', 'step'] as const);
    let expected: { p: number; point: RandomPoint }[] = [];
    if (kind === 'continue') {
      const reason = run(replay, random, session.continue());
      const stop = Math.min(END, ...stops.filter((p) => p > from));
      assert.equal(session.position, stop, `continue from ${from}`);
      assert.equal(reason.kind, stop === END ? 'endOfRecording' : 'breakpoint');
      expected = printedAt((p) => p >= from && p <= stop && p < END);
    } else if (kind === 'reverse') {
      const reason = run(replay, random, session.reverseContinue());
      const stop = Math.max(0, ...stops.filter((p) => p < from));
      assert.equal(session.position, stop, `reverse from ${from}`);
      expected = printedAt((p) => p >= stop && p < from).reverse();
      if (reason.kind === 'breakpoint') {
        const at = points.filter((point) => !point.isLog && effects(point).includes(stop));
        assert.deepEqual(
          reason.ids,
          at.map(({ idAt }) => idAt(stop)).sort((a, b) => a - b),
        );
      } else assert.equal(reason.kind, 'startOfRecording');
    } else if (kind === 'goTo') complete(session.goTo(random.below(END)));
    else if (from < END) {
      run(replay, random, session.stepInstruction());
      expected = printedAt((p) => p === from);
      if (harts > 1) {
        // A step of one hart may also run the other harts.
        const { position } = session;
        expected = printedAt((p) => p >= from && p <= position);
        if (session.reason.kind !== 'breakpoint') expected = expected.filter(({ p }) => p < position);
      }
    }
    assert.deepEqual(
      logs.map(({ id, position }) => ({ id, position })),
      expected.map(({ p, point }) => ({ id: point.idAt(p), position: p })),
      `${kind} from ${from} to ${session.position}`,
    );
    for (const { p, point } of expected) point.printed.add(p);
  }
}

for (const harts of [1, 2]) {
  for (let round = 0; round < 6; round++) {
    test(`random runs stop and print exactly where single-stepping finds hits, with ${harts} harts (${round})`, (t) => {
      walk(t, round % 2 === 0 ? CALLS : SHORT_ROUNDS, harts);
    });
  }
}

test('a backward run reports all stop points that are hit by the same step, with or without hit conditions', () => {
  const { session } = replayOf(SHORT_ROUNDS);
  complete(session.goTo(END));
  const what = { kind: 'access', address: BigInt(COUNTER), lengthBytes: 4, access: 'readWrite' } as const;
  const ids = [
    session.stopPoints.add({ what }),
    session.stopPoints.add({ what, hitCondition: parseHitCondition('1') }),
  ];
  const stop = complete(session.reverseContinue());
  assert.ok(stop.kind === 'hit', stop.kind);
  assert.deepEqual(
    stop.hits.map(({ id }) => id),
    ids,
  );
});

test('if a run is paused while earlier hits are being counted, the machine can return to where the run started', () => {
  const { session, target, counted } = replayOf(SHORT_ROUNDS);
  session.stopPoints.add({ ...execute(SHORT_ROUNDS.labels.count), hitCondition: parseHitCondition('> 3') });
  complete(target.goTo(END));
  const run = session.reverseContinue();
  while (counted.length === 0 || session.position === END) {
    assert.equal(target.pause.resume(run, () => true).done, false);
  }
  complete(session.stopPoints.returnFromCounting());
  assert.equal(session.position, END);
  const hits = visits(SHORT_ROUNDS).flatMap(({ pc }, position) => (pc === SHORT_ROUNDS.labels.count ? [position] : []));
  assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
  assert.equal(session.position, hits.at(-1));
  // This time, counting was not interrupted, so the call does not move the machine.
  complete(session.stopPoints.returnFromCounting());
  assert.equal(session.position, hits.at(-1));
});
