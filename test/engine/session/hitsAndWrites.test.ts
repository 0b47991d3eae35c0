/** Hit counts and log messages stay exact despite debugger writes and pauses while earlier hits are being counted. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import { complete, type LogMessage, parseHitCondition, Session } from '../../../debug-adapter/engine/index.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { slice } from '../../support/slices.ts';
import { a, assembleWithLabels } from '../machine/cpu/assembler.ts';
import { minimalElf } from '../machine/cpu/minimalElf.ts';
import { powerOff } from '../machine/cpu/randomFrame.ts';
import { stageOf } from '../timeline/travelSupport.ts';
import { longTest } from '../../support/extent.ts';

const CODE = 0x8000_0000n;
const [A0, A2] = [10, 12];
const ROUNDS = 300_000;
const PROGRAM = assembleWithLabels(
  [
    a.addi(A0, 0, 0),
    a.li(11, ROUNDS),
    'loop:',
    a.addi(A0, A0, 1),
    'counted:',
    a.xor(13, 13, A0),
    a.to('loop', (offset) => a.bne(A0, 11, offset)),
    powerOff(),
  ],
  CODE,
);
const COUNTED = PROGRAM.addressOf('counted');
const EXECUTE = { kind: 'execute', address: COUNTED } as const;

/** Prepares a program that executes `counted` ROUNDS times, with the number of the round in a0. */
function stage(t: TestContext) {
  const folder = mkdtempSync(path.join(tmpdir(), 'blkreplay-hits-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const kernel = path.join(folder, 'counts.elf');
  writeFileSync(kernel, minimalElf(PROGRAM.bytes, CODE));
  return stageOf({ kernel, diskBytes: 1 << 20 }, t);
}

function sessionOf(timeline: MachineTimeline, t: TestContext) {
  const session = new Session(timeline);
  t.after(() => timeline.abandon());
  const messages: string[] = [];
  session.listener.onLog = ({ text }) => messages.push(text);
  const round = () => Number(session.inspector.register(A0));
  const logMessage: LogMessage = { text: 'round', evaluate: () => `${round()}` };
  return { session, messages, round, logMessage };
}

longTest(
  'after a debugger write at a hit, the hit is neither counted nor printed again, in both directions and in the replay',
  (t) => {
    const { record, replay } = stage(t);
    const live = sessionOf(record(), t);
    const { session, messages, round } = live;
    session.stopPoints.add({ what: EXECUTE, hitCondition: parseHitCondition('<= 20'), logMessage: live.logMessage });
    const id = session.stopPoints.add({ what: EXECUTE, hitCondition: parseHitCondition('% 100000') });
    const stops: { position: number; round: number }[] = [];
    const write = () => {
      session.writes.register(A2, 7n);
      session.writes.memory(CODE + 0x1000n, Uint8Array.of(1, 2, 3));
    };
    write();
    for (let number = 100_000; number <= ROUNDS; number += 100_000) {
      assert.equal(complete(session.continue()).kind, 'breakpoint');
      assert.deepEqual([round(), session.stopPoints.hitCount(id)], [number, number]);
      write();
      stops.push({ position: session.position, round: round() });
    }
    const reason = complete(session.continue());
    assert.ok(reason.kind === 'ended');
    const printed = Array.from({ length: 20 }, (_, i) => `${i + 1}`);
    assert.deepEqual(messages, printed);
    // In the history, the step at the position of the stop is the debugger write; the next step executes the
    // instruction.
    const backward = (one: typeof live) =>
      stops.map(() => {
        assert.equal(complete(one.session.reverseContinue()).kind, 'breakpoint');
        return { position: one.session.position, round: one.round() };
      });
    assert.deepEqual(backward(live), [...stops].reverse());
    assert.equal(complete(session.reverseContinue()).kind, 'startOfRecording');
    assert.deepEqual(messages, printed, 'nothing is printed twice');
    complete(session.goTo(session.history.end));
    session.target.close(reason.end);

    const replayed = sessionOf(replay(), t);
    replayed.session.stopPoints.add({ what: EXECUTE, hitCondition: parseHitCondition('% 100000') });
    for (const stop of stops) {
      assert.equal(complete(replayed.session.continue()).kind, 'breakpoint');
      assert.deepEqual({ position: replayed.session.position, round: replayed.round() }, stop);
    }
    complete(replayed.session.goTo(replayed.session.history.end));
    assert.deepEqual(backward(replayed), [...stops].reverse());
  },
);

test('a pause while earlier hits are being counted does not change the hit counts', (t) => {
  const { record, replay } = stage(t);
  const recorded = record();
  const stop = complete(recorded.forward(Infinity));
  assert.ok(stop.kind === 'ended');
  recorded.close(stop.end);
  const { session, round } = sessionOf(replay(), t);
  let counting = 0;
  session.listener.onCounting = (progress) => progress && counting++;
  session.stopPoints.add({ what: EXECUTE, hitCondition: parseHitCondition('% 70000') });
  for (const command of ['continue', 'reverseContinue'] as const) {
    complete(session.goTo(session.history.end - 10));
    let pauses = 0;
    // After each pause, a new run begins, as when the user pauses and continues.
    while (slice(session, session[command](), () => pauses < 5).kind === 'pause') pauses++;
    assert.ok(pauses > 0 && counting > 0, `${pauses} pauses`);
    assert.equal(round() % 70_000, 0, `the hit after ${pauses} pauses: ${round()}`);
  }
  assert.equal(round(), 280_000);
});
