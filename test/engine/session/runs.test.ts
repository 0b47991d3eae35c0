/** A paused run continues where it paused, and reports the same stop as a run without a pause. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { complete, Session, type Sliced, type StopReason } from '../../../debug-adapter/engine/index.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { slice } from '../../support/slices.ts';
import { DEMO, stageOf } from '../timeline/travelSupport.ts';

const RAM_START = 0x8000_0000n;
/** The demo's trap entry, which is executed at each timer interrupt. */
const TRAP_ENTRY = 0x8000_0050n;
const PAUSES_MAX = 30;

/** Records the demo up to a position before the first automatic snapshot, so that its history is a single segment. */
function recorded(t: TestContext): Session<MachineTimeline> {
  const session = new Session(stageOf(DEMO, t).record());
  t.after(() => session.target.abandon());
  session.target.advance(4_000_000);
  return session;
}

/** Resumes a run whenever it pauses, and pauses it as early as possible. */
function inManyParts(session: Session, run: Sliced<StopReason>): { reason: StopReason; pauses: number } {
  for (let pauses = 0; pauses <= PAUSES_MAX; pauses++) {
    const reason = slice(session, run);
    if (reason.kind !== 'pause') return { reason, pauses };
  }
  throw new Error('the run does not end');
}

test('a backward run to an address makes progress between pauses in the middle of a segment', (t) => {
  const session = recorded(t);
  const { reason, pauses } = inManyParts(
    session,
    session.runBackTo([RAM_START], () => true),
  );
  assert.deepEqual(reason, { kind: 'breakpoint', ids: [], pc: RAM_START });
  assert.ok(session.position < 100, `${session.position}`);
  assert.ok(pauses >= 3, `${pauses} pauses`);
});

test('a backward run to an address stops at a breakpoint that is set while it is paused', (t) => {
  const session = recorded(t);
  const end = session.position;
  const run = session.runBackTo([RAM_START], () => true);
  assert.equal(slice(session, run).kind, 'pause');
  const id = session.stopPoints.addBreakpoint(TRAP_ENTRY);
  assert.deepEqual(inManyParts(session, run).reason, { kind: 'breakpoint', ids: [id], pc: TRAP_ENTRY });
  const found = session.position;
  session.target.arm({ breakpoints: new Set([TRAP_ENTRY]), watchpoints: [] });
  assert.equal(complete(session.target.forward(end)).kind, 'reached');
  assert.ok(found > 1_000_000, 'the last one');
});
