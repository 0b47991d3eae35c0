/** A run that a front end pauses and resumes several times stops where an uninterrupted run stops. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { slice } from '../../support/slices.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { Session, type StopReason } from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, digestsOnTheWay, stageOf } from './travelSupport.ts';

/**
 * The address of the demo's trap entry, which is executed at each timer interrupt. At this address, a run checks
 * whether it must pause.
 */
const TRAP_ENTRY = 0x8000_0050n;
const JOURNAL_CHECKPOINT = 0x8000_1d5an;
const NEVER_REACHED = 0xdead_0000n;

function breakpointsAt(t: TestContext, ...addresses: bigint[]): Session<MachineTimeline> {
  const session = new Session(stageOf(DEMO, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  for (const address of addresses) session.stopPoints.addBreakpoint(address);
  return session;
}

/** Returns the positions of all stops in one direction. If a run pauses, it is resumed by calling `run` again. */
function stopsOf(session: Session<MachineTimeline>, run: () => StopReason): number[] {
  const stops: number[] = [];
  for (;;) {
    const reason = run();
    if (reason.kind === 'breakpoint') stops.push(session.position);
    else if (reason.kind !== 'pause') return stops;
  }
}

test('forward runs that pause at random positions stop at the same positions as uninterrupted runs', (t) => {
  const random = SeededRandom.forTest(t);
  const session = breakpointsAt(t, TRAP_ENTRY);
  const whole = stopsOf(session, () => complete(session.continue()));
  assert.ok(whole.length >= 2000, `${whole.length} interrupts`);
  const end = session.position;
  complete(session.goTo(0));
  const sliced = stopsOf(session, () => slice(session, session.continue(), () => random.chance(0.3)));
  assert.deepEqual(sliced, whole);
  assert.equal(session.position, end);
});

test('reverse runs that pause at random positions stop at the same positions as uninterrupted runs', (t) => {
  const random = SeededRandom.forTest(t);
  const session = breakpointsAt(t, JOURNAL_CHECKPOINT);
  const whole = stopsOf(session, () => complete(session.continue()));
  assert.ok(whole.length >= 5, `${whole.length} checkpoints`);
  const backwards = stopsOf(session, () => slice(session, session.reverseContinue(), () => random.chance(0.02)));
  assert.deepEqual(backwards.reverse(), whole);
  assert.equal(session.position, 0);
});

test('a reverse run in very short slices still finishes, and the state at each pause is the recorded one', (t) => {
  const session = breakpointsAt(t, NEVER_REACHED);
  const { target: timeline } = session;
  const positions = digestsOnTheWay(timeline, [1 << 24, 1 << 25, 50_000_000]);
  const from = session.position;
  const pausePositions = new Set<number>();
  let pauses = 0;
  while (slice(session, session.reverseContinue()).kind === 'pause') {
    pauses++;
    pausePositions.add(session.position);
    if (positions.has(session.position)) assert.equal(timeline.digest(), positions.get(session.position));
    assert.equal(timeline.travel!.isAtLiveEnd, session.position === from);
  }
  assert.deepEqual(session.reason, { kind: 'startOfRecording' });
  assert.ok(pauses >= 10, `${pauses} pauses`);
  assert.ok(
    [from, 1 << 24, 1 << 25].every((position) => pausePositions.has(position)),
    'the starting position, then the snapshots',
  );
});

test('a reverse run that is paused while it reads a snapshot from an overlay can continue to read the snapshot later', (t) => {
  const stage = stageOf(DEMO, t);
  const recorded = stage.record();
  const positions = digestsOnTheWay(recorded, [1 << 24, 1 << 25, 50_000_000]);
  recorded.close(recorded.advance(Infinity)!);
  const session = new Session(stage.replay());
  t.after(() => session.target.abandon());
  session.stopPoints.addBreakpoint(JOURNAL_CHECKPOINT);
  // A forward run leaves no cached snapshots, so the reverse run has to read the snapshots in the overlay.
  const whole = stopsOf(session, () => complete(session.continue()));
  const pausePositions: number[] = [];
  const backwards = stopsOf(session, () => {
    const { position } = session;
    const reason = slice(session, session.reverseContinue());
    if (reason.kind === 'pause' && session.position === position) pausePositions.push(position);
    if (positions.has(session.position)) assert.equal(session.target.digest(), positions.get(session.position));
    return reason;
  });
  assert.deepEqual(backwards.reverse(), whole);
  assert.ok(pausePositions.length >= 50, `${pausePositions.length} pauses at an unchanged position`);
});

test('a paused reverse run is continued only if the position and the stop points are unchanged; otherwise, a new run starts', (t) => {
  const session = breakpointsAt(t, TRAP_ENTRY);
  const whole: number[] = [];
  // The history ends before the first automatic snapshot, so that there is one long segment to search.
  while (session.position < 12_000_000)
    if (complete(session.continue()).kind === 'breakpoint') whole.push(session.position);
  const last = whole.at(-1)!;
  const never = session.stopPoints.addBreakpoint(NEVER_REACHED);
  assert.equal(slice(session, session.reverseContinue()).kind, 'pause');
  assert.equal(session.position, last);
  complete(session.goTo(whole[1] + 1));
  assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
  assert.equal(session.position, whole[1]);
  complete(session.goTo(last));
  assert.equal(slice(session, session.reverseContinue()).kind, 'pause');
  session.stopPoints.remove(never);
  assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
  assert.equal(session.position, whole.at(-2));
});

test('a seek can pause at a position between its start and its target', (t) => {
  const session = breakpointsAt(t, NEVER_REACHED);
  const { target: timeline } = session;
  const digests = digestsOnTheWay(timeline, [30_000_000]);
  timeline.advance(60_000_000);
  const reason = slice(session, session.goTo(30_000_000), () => session.position > 20_000_000);
  assert.equal(reason.kind, 'pause');
  assert.ok(session.position > 20_000_000 && session.position < 30_000_000, `${session.position}`);
  assert.equal(complete(session.goTo(30_000_000)).kind, 'goto');
  assert.equal(timeline.digest(), digests.get(30_000_000));
});
