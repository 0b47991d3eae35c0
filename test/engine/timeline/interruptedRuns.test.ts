import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Session, type StopReason } from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, digestsOnTheWay, stageOf } from './travelSupport.ts';

/** Runs that pause again and again, as front ends make them pause, come to where uninterrupted ones come. */

/** Where each of the demo's timer interrupts comes in: the place where a run looks around, and so may pause, too. */
const TRAP_ENTRY = 0x8000_0050n;
const JOURNAL_CHECKPOINT = 0x8000_1d5an;
const NEVER_REACHED = 0xdead_0000n;

function breakpointsAt(t: TestContext, ...addresses: bigint[]): Session {
  const session = new Session(stageOf(DEMO, t).record());
  t.after(() => session.timeline.close({ reason: 'interrupted' }));
  for (const address of addresses) session.addBreakpoint(address);
  return session;
}

/** All stops of runs in one direction, `run` being asked again while it only pauses. */
function stopsOf(session: Session, run: () => StopReason): number[] {
  const stops: number[] = [];
  for (;;) {
    const reason = run();
    if (reason.kind === 'breakpoint') stops.push(session.position);
    else if (reason.kind !== 'pause') return stops;
  }
}

test('forwards, pausing at random moments, the stops are those of whole runs', (t) => {
  const random = SeededRandom.forTest(t);
  const session = breakpointsAt(t, TRAP_ENTRY);
  const whole = stopsOf(session, () => session.continue());
  assert.ok(whole.length >= 2000, `${whole.length} interrupts`);
  const end = session.position;
  session.goTo(0);
  const sliced = stopsOf(session, () => session.continue(() => random.chance(0.3)));
  assert.deepEqual(sliced, whole);
  assert.equal(session.position, end);
});

test('backwards, pausing at random moments, the stops are those of whole runs', (t) => {
  const random = SeededRandom.forTest(t);
  const session = breakpointsAt(t, JOURNAL_CHECKPOINT);
  const whole = stopsOf(session, () => session.continue());
  assert.ok(whole.length >= 5, `${whole.length} checkpoints`);
  const backwards = stopsOf(session, () => session.reverseContinue(() => random.chance(0.02)));
  assert.deepEqual(backwards.reverse(), whole);
  assert.equal(session.position, 0);
});

test('a run back that may run for next to nothing at a time still ends, and stands where it is honest to stand', (t) => {
  const session = breakpointsAt(t, NEVER_REACHED);
  const { timeline } = session;
  const places = digestsOnTheWay(timeline, [1 << 24, 1 << 25, 50_000_000]);
  const from = session.position;
  const stood = new Set<number>();
  let pauses = 0;
  while (session.reverseContinue(() => true).kind === 'pause') {
    pauses++;
    stood.add(session.position);
    if (places.has(session.position)) assert.equal(timeline.digest(), places.get(session.position));
    assert.equal(timeline.travel!.isPresent, session.position === from);
  }
  assert.deepEqual(session.reason, { kind: 'startOfRecording' });
  assert.ok(pauses >= 10, `${pauses} pauses`);
  assert.ok(
    [from, 1 << 24, 1 << 25].every((position) => stood.has(position)),
    'where it came from, then snapshots',
  );
});

test('a run back that pauses in the middle of reading an overlay’s snapshot goes on there', (t) => {
  const stage = stageOf(DEMO, t);
  const recorded = stage.record();
  const places = digestsOnTheWay(recorded, [1 << 24, 1 << 25, 50_000_000]);
  recorded.close(recorded.advance(Infinity)!);
  const session = new Session(stage.replay());
  t.after(() => session.timeline.abandon());
  session.addBreakpoint(JOURNAL_CHECKPOINT);
  // Forwards nothing is left in memory: backwards the overlay's snapshots have to be read.
  const whole = stopsOf(session, () => session.continue());
  const stood: number[] = [];
  const backwards = stopsOf(session, () => {
    const { position } = session;
    const reason = session.reverseContinue(() => true);
    if (reason.kind === 'pause' && session.position === position) stood.push(position);
    if (places.has(session.position)) assert.equal(session.timeline.digest(), places.get(session.position));
    return reason;
  });
  assert.deepEqual(backwards.reverse(), whole);
  assert.ok(stood.length >= 50, `${stood.length} pauses without getting anywhere else`);
});

test('a paused run back is taken up only where it was left, and with the same stop points', (t) => {
  const session = breakpointsAt(t, TRAP_ENTRY);
  const whole: number[] = [];
  // Short of the first snapshot that recording takes: one long segment to search.
  while (session.position < 12_000_000) if (session.continue().kind === 'breakpoint') whole.push(session.position);
  const last = whole.at(-1)!;
  const never = session.addBreakpoint(NEVER_REACHED);
  assert.equal(session.reverseContinue(() => true).kind, 'pause');
  assert.equal(session.position, last);
  session.goTo(whole[1] + 1);
  assert.equal(session.reverseContinue().kind, 'breakpoint');
  assert.equal(session.position, whole[1]);
  session.goTo(last);
  assert.equal(session.reverseContinue(() => true).kind, 'pause');
  session.removeBreakpoint(never);
  assert.equal(session.reverseContinue().kind, 'breakpoint');
  assert.equal(session.position, whole.at(-2));
});

test('going somewhere can be paused on the way, and stands where it came by', (t) => {
  const session = breakpointsAt(t, NEVER_REACHED);
  const { timeline } = session;
  const digests = digestsOnTheWay(timeline, [30_000_000]);
  timeline.advance(60_000_000);
  const reason = session.goTo(30_000_000, () => session.position > 20_000_000);
  assert.equal(reason.kind, 'pause');
  assert.ok(session.position > 20_000_000 && session.position < 30_000_000, `${session.position}`);
  assert.equal(session.goTo(30_000_000).kind, 'goto');
  assert.equal(timeline.digest(), digests.get(30_000_000));
});
