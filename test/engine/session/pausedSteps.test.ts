/** A step that is paused and resumed several times ends where an uninterrupted step ends. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import {
  openSymbols,
  Session,
  SourceSteps,
  stepBack,
  stepForward,
  stepOverCall,
  type StopReason,
  type Symbols,
} from '../../../debug-adapter/engine/index.ts';
import { complete, type Sliced } from '../../../debug-adapter/engine/base/sliced.ts';
import { trapAt } from '../../../debug-adapter/engine/session/traps.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { slice } from '../../support/slices.ts';
import { DEMO, type Scene, stageOf } from '../timeline/travelSupport.ts';
import { longTest, times } from '../../support/extent.ts';

const LENGTH = 4_000_000;
/** The maximum number of pauses in one step, which may take a million instructions. */
const PAUSES_MAX = times({ quick: 10, long: 30 });
const HARTS: Scene = { kernel: 'test/guests/harts/harts.elf', diskBytes: 1 << 20 };
/** The demo's trap entry, which is executed at each timer interrupt. */
const TRAP_ENTRY = 0x8000_0050n;

type StartStep = (steps: SourceSteps, session: Session) => Sliced<StopReason>;

const STEPS: Record<string, StartStep> = {
  'over a line': (steps) => steps.stepOver(),
  'into a function': (steps) => steps.stepIn(),
  'out of a function': (steps) => steps.stepOut(),
  'over an instruction': (steps) => steps.stepOverInstruction(),
  'back over a line': (steps) => steps.stepBack(),
  'back into a function': (steps) => steps.reverseStepIn(),
  'back out of a function': (steps) => steps.reverseStepOut(),
  'one instruction': (_, session) => stepForward(session),
  'one instruction, over calls': (_, session) => stepOverCall(session),
  'one instruction back': (_, session) => stepBack(session),
};

/** Returns a session that replays the guest, at a random position. */
function replayOf(scene: Scene, harts: number, t: TestContext) {
  const random = SeededRandom.forTest(t);
  const stage = stageOf(scene, t);
  stage.setup.harts = harts;
  const recorded = stage.record();
  recorded.advance(LENGTH);
  recorded.close({ reason: 'interrupted' });
  const session = new Session(stage.replay());
  t.after(() => session.target.abandon());
  const symbols = openSymbols({ name: scene.kernel, bytes: readFileSync(scene.kernel) });
  return { session, symbols, random };
}

/** Executes steps of several kinds from the current position, first without pauses, then with pauses. */
function checkSteps(session: Session, symbols: Symbols, random: SeededRandom, kinds = Object.keys(STEPS)): void {
  const from = session.position;
  for (const what of kinds) {
    const begin = () => {
      complete(session.goTo(from));
      return STEPS[what](new SourceSteps(session, symbols), session);
    };
    const reason = complete(begin());
    const to = session.position;
    for (const probability of [0.5, 1]) {
      assert.deepEqual(
        [inParts(session, begin(), () => random.chance(probability)), session.position],
        [reason, to],
        `${what} from ${from}`,
      );
    }
  }
}

function inParts(session: Session, step: Sliced<StopReason>, pauses: () => boolean): StopReason {
  for (let left = PAUSES_MAX; ; left--) {
    const reason = slice(session, step, () => left > 0 && pauses());
    if (reason.kind !== 'pause') return reason;
  }
}

test('steps of every kind can be paused and resumed', (t) => {
  const { session, symbols, random } = replayOf(DEMO, 1, t);
  for (let i = 0; i < 8; i++) {
    complete(session.goTo(1000 + random.below(LENGTH - 2000)));
    checkSteps(session, symbols, random);
  }
});

longTest('a step that skips an interrupt can be paused and resumed', (t) => {
  const { session, symbols, random } = replayOf(DEMO, 1, t);
  for (let i = 0; i < 4; i++) {
    // Between positions 30,000 and 60,000, there is an interrupt every 2573 steps.
    complete(session.goTo(30_000 + random.below(25_000)));
    const stop = complete(session.runTo([TRAP_ENTRY], () => trapAt(session.inspector)!.isInterrupt));
    assert.equal(stop.kind, 'breakpoint');
    const entry = session.position;
    const { pc } = trapAt(session.inspector)!.interrupted;
    complete(session.goTo(entry - 1));
    checkSteps(session, symbols, random);
    complete(session.goTo(entry));
    assert.equal(complete(session.runTo([pc], () => true)).kind, 'breakpoint');
    checkSteps(session, symbols, random);
  }
});

longTest('a step during which the other harts run can be paused and resumed', (t) => {
  const { session, symbols, random } = replayOf(HARTS, 4, t);
  const { machine } = session.target;
  const [take] = symbols.functionsNamed('take_turns');
  for (const hart of [1, 3]) {
    complete(session.goTo(0));
    assert.equal(complete(session.runTo([take.low], () => machine.currentHart === hart)).kind, 'breakpoint');
    const { start, end } = machine.quantum;
    checkSteps(session, symbols, random);
    complete(session.goTo(start));
    checkSteps(session, symbols, random, ['one instruction', 'one instruction back']);
    complete(session.goTo(end - 1));
    checkSteps(session, symbols, random, ['one instruction', 'one instruction back', 'over a line']);
  }
});
