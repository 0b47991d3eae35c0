/** Steps over calls, and reverse steps into and out of calls, end at the right place; long steps can be paused. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { slice } from '../../support/slices.ts';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { openSymbols, Session, SourceSteps, stepForward, type Symbols } from '../../../debug-adapter/engine/index.ts';
import { instructionAt } from '../../../debug-adapter/engine/session/controlFlow.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, KERNEL, type Scene, stageOf } from '../timeline/travelSupport.ts';
import { longTest, some, times } from '../../support/extent.ts';

interface Debugging {
  session: Session<MachineTimeline>;
  symbols: Symbols;
  steps: SourceSteps;
}

function debug(scene: Scene, t: TestContext, length: number): Debugging {
  const session = new Session(stageOf(scene, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const symbols = openSymbols({ name: scene.kernel, bytes: readFileSync(scene.kernel) });
  session.target.advance(length);
  return { session, symbols, steps: new SourceSteps(session, symbols) };
}

const LENGTH = 60_000_000;
/** The minimum number of steps of each kind. */
const STEPS_MIN = times({ quick: 2, long: 6 });

/**
 * Goes to a random position, and from there to the next call in code with line information. Returns false if no such
 * call follows soon.
 */
function toACall({ session, symbols }: Debugging, random: SeededRandom): boolean {
  complete(session.goTo(random.below(LENGTH - 5_000_000)));
  for (let i = 0; i < 300; i++) {
    const { pc } = session.inspector;
    if (instructionAt(session.inspector, pc).flow === 'call' && symbols.lineAt(pc)) return true;
    complete(stepForward(session));
  }
  return false;
}

for (const [name, scene] of some(
  [
    ['the demo', DEMO],
    ['a kernel with processes', KERNEL],
  ] as const,
  1,
)) {
  test(`stepping over a call skips the called function, and reverse steps enter and leave it: ${name}`, (t) => {
    const debugging = debug(scene, t, LENGTH);
    const { session, symbols, steps } = debugging;
    const { inspector } = session;
    const random = SeededRandom.forTest(t);
    const tried = { over: 0, out: 0, in: 0 };
    for (let i = 0; i < 600 && Math.min(...Object.values(tried)) < STEPS_MIN; i++) {
      if (!toACall(debugging, random)) continue;
      const at = { position: session.position, pc: inspector.pc, sp: inspector.register(2) };
      const behind = at.pc + BigInt(instructionAt(inspector, at.pc).lengthBytes);
      complete(stepForward(session));
      const callee = symbols.functionAt(inspector.pc);
      if (!callee || inspector.pc !== callee.low) continue;

      for (let k = random.below(4); k > 0; k--) complete(stepForward(session));
      if (symbols.functionAt(inspector.pc)?.low === callee.low) {
        assert.equal(complete(steps.reverseStepOut()).kind, 'step');
        assert.equal(session.position, at.position, 'reverse step out stops at the call');
        tried.out++;
      }

      complete(session.goTo(at.position));
      const reason = complete(steps.stepOverInstruction());
      if (reason.kind !== 'step') continue;
      assert.deepEqual([inspector.pc, inspector.register(2)], [behind, at.sp]);
      tried.over++;
      const after = session.position;

      complete(steps.reverseStepIn());
      assert.ok(session.position >= at.position && session.position < after);
      if (symbols.functionAt(inspector.pc)?.low === callee.low) {
        assert.equal(symbols.lineAt(inspector.pc)?.start, inspector.pc, 'reverse step in stops at the start of a line');
        tried.in++;
      }
    }
    for (const [what, count] of Object.entries(tried)) assert.ok(count >= STEPS_MIN, `${what}: ${count} tried`);
  });
}

/**
 * The maximum number of steps between two checks for a pause. A run checks at least every 2^18 steps; the limit leaves
 * a margin.
 */
const ASKED_EVERY = 1 << 19;

longTest('a step over a line that takes millions of instructions can be paused, forwards and backwards', (t) => {
  const { session, symbols, steps } = debug(DEMO, t, 0);
  const [main] = symbols.functionsNamed('main');
  const id = session.stopPoints.addBreakpoint(symbols.breakpointAddress(main));
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  session.stopPoints.remove(id);
  let from = session.position;
  while (session.position - from < 5_000_000) {
    from = session.position;
    let asked = from;
    let longest = 0;
    const reason = slice(session, steps.stepOver(), () => {
      longest = Math.max(longest, session.position - asked);
      asked = session.position;
      return false;
    });
    assert.equal(reason.kind, 'step');
    assert.ok(longest <= ASKED_EVERY, `${longest} steps without a check for a pause`);
  }
  const to = session.position;
  let times = 0;
  const counted = slice(session, steps.stepBack(), () => {
    times++;
    return false;
  });
  assert.equal(counted.kind, 'step');
  assert.equal(session.position, from);
  assert.ok(times >= (to - from) / ASKED_EVERY, `checked ${times} times`);

  for (const [start, step] of [
    [from, (left: number) => slice(session, steps.stepOver(), () => --left <= 0)],
    [to, (left: number) => slice(session, steps.stepBack(), () => --left <= 0)],
  ] as const) {
    complete(session.goTo(start));

    assert.equal(step(Math.floor(times / 2)).kind, 'pause');
    assert.ok(session.position >= from && session.position <= to);
  }
});
