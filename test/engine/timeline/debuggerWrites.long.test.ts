/** Debugger writes at random times, mixed with jumps in the history, are recorded and replayed.
 *
 * The writes go to random memory and registers, even if the guest crashes as a result.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { endAtLiveEnd, Session, UserError } from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, KERNEL, type Scene, stageOf, RESETS } from './travelSupport.ts';

const SESSIONS = 6;
const ACTIONS = 60;
const PC = 32;
const REFUSALS = ['guest-has-ended', 'address-not-ram'];

const SCENES: Record<string, Scene> = { demo: DEMO, kernel: KERNEL, resets: RESETS };

for (const [name, scene] of Object.entries(SCENES)) {
  test(`${name}: random debugger writes and jumps in the history give the same states in a replay`, (t) => {
    const random = SeededRandom.forTest(t);
    for (let i = 0; i < SESSIONS; i++) {
      const stage = stageOf(scene, t);
      const session = new Session(stage.record());
      const digests = new Map<number, bigint>();
      for (let action = 0; action < ACTIONS; action++) {
        actAtRandom(session, random);
        digests.set(session.position, session.target.digest());
      }
      const end = endAtLiveEnd(session.target);
      const expected = { position: session.position, digest: session.target.digest() };
      session.target.close(end);
      const replay = new Session(stage.replay());
      for (const [position, digest] of digests) {
        complete(replay.goTo(position));
        assert.equal(replay.target.digest(), digest, `at ${position}`);
      }
      assert.equal(complete(replay.continue()).kind, end.reason === 'interrupted' ? 'endOfRecording' : 'ended');
      assert.deepEqual({ position: replay.position, digest: replay.target.digest() }, expected);
      replay.target.close(end);
    }
  });
}

test("a debugger write between the guest's reset request and the reset also comes before the reset in a replay", (t) => {
  const stage = stageOf(RESETS, t);
  const session = new Session(stage.record());
  const { testDevice } = session.target.machine.board;
  while (!testDevice.wantsReset) complete(session.stepInstruction());
  const wished = session.position;
  session.writes.memory(0x8100_0000n, Uint8Array.of(1, 2, 3));
  assert.equal(session.position, wished + 1);
  session.target.advance(wished + 1000);
  const expected = session.target.digest();
  complete(session.goTo(wished));
  complete(session.goTo(wished + 900));
  complete(session.goTo(wished + 1000));
  assert.equal(session.target.digest(), expected);
  session.target.close(endAtLiveEnd(session.target));
  const replay = new Session(stage.replay());
  t.after(() => replay.target.close({ reason: 'interrupted' }));
  complete(replay.goTo(wished + 1000));
  assert.equal(replay.target.digest(), expected);
});

test('debugger writes are rejected after the guest has shut down', (t) => {
  const session = new Session(stageOf(DEMO, t).record());
  t.after(() => session.target.close(endAtLiveEnd(session.target)));
  assert.equal(complete(session.continue()).kind, 'ended');
  const { position } = session;
  assert.throws(() => session.writes.register(5, 1n), /The run has ended, so nothing can be written to the guest/);
  assert.throws(() => session.writes.memory(0x8100_0000n, Uint8Array.of(1)), /The run has ended/);
  assert.equal(session.position, position);
  complete(session.stepBackInstruction());
  assert.equal(complete(session.continue()).kind, 'ended');
  assert.equal(session.target.travel!.isAtLiveEnd, true);
});

function actAtRandom(session: Session<MachineTimeline>, random: SeededRandom): void {
  const { start, end } = session.target.travel!;
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      complete(session.goTo(end));
      return writeAtRandom(session, random);
    case 3:
      complete(session.stepInstruction());
      return;
    case 4:
    case 5:
      session.target.advance(session.position + random.below(200_000));
      return;
    case 6:
      complete(session.stepBackInstruction());
      return;
    default:
      complete(session.goTo(start + random.below(end - start + 1)));
  }
}

/**
 * Writes to random memory or registers. If a write is not possible, it must be rejected and must not change anything.
 */
function writeAtRandom(session: Session<MachineTimeline>, random: SeededRandom): void {
  const { position } = session;
  try {
    if (random.chance(0.5)) session.writes.memory(anAddress(session, random), random.bytes(1 + random.below(8)));
    else if (random.chance(0.7)) session.writes.register(1 + random.below(31), BigInt(random.uint32()));
    else session.writes.register(PC, session.inspector.pc + BigInt(2 * random.below(3)));
  } catch (error) {
    assert.ok(error instanceof UserError && REFUSALS.includes(error.code), String(error));
    assert.equal(session.position, position);
  }
}

/** Returns an address near the code that the guest is executing or near an address in one of its registers. */
function anAddress({ inspector }: Session<MachineTimeline>, random: SeededRandom): bigint {
  const base = random.chance(0.5) ? inspector.pc : inspector.register(random.below(32));
  return BigInt.asUintN(64, base + BigInt(random.below(256)));
}
