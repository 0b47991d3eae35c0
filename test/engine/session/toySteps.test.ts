/** On a toy target, line steps and instruction steps visit the same locations in both directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  complete,
  stepBack,
  stepForward,
  stepOverCall,
  type Sliced,
  type StopReason,
} from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { CALLS, CALLS_FUNCTIONS } from '../../support/toy/programs.ts';
import type { ToyMachineOptions } from '../../support/toy/toyMachine.ts';
import { toySession } from '../../support/toy/toySession.ts';

const { labels } = CALLS;
const END = 3000;

/** Records the program; returns a session that is stopped at the instruction at a label. */
function stoppedAt(label: string, options: Partial<ToyMachineOptions> = {}) {
  const stopped = toySession(CALLS, CALLS_FUNCTIONS, { end: END, ...options });
  if (label !== 'main') stopped.runTo(labels[label]);
  return stopped;
}

type Stopped = ReturnType<typeof stoppedAt>;

function step({ line }: Stopped, run: Sliced<StopReason>): number {
  assert.equal(complete(run).kind, 'step');
  return line();
}

test('steps over lines stay in the function, and skip an ecall and all calls, even recursive ones', () => {
  const stopped = stoppedAt('again');
  const seen = Array.from({ length: 14 }, () => step(stopped, stopped.steps.stepOver()));
  assert.deepEqual(seen, [12, 13, 14, 15, 16, 11, 12, 13, 14, 15, 16, 11, 12, 13]);
  const back = Array.from({ length: 13 }, () => step(stopped, stopped.steps.stepBack()));
  assert.deepEqual(back, [12, 11, 16, 15, 14, 13, 12, 11, 16, 15, 14, 13, 12]);
});

test('a step into a call ends after the prologue, and a step out ends after the call', () => {
  const stopped = stoppedAt('again');
  const { steps, session } = stopped;
  assert.equal(step(stopped, steps.stepOver()), 12);
  const calling = session.position;
  assert.equal(step(stopped, steps.stepIn()), 21);
  assert.equal(step(stopped, steps.stepIn()), 30);
  const inLeaf = session.position;
  assert.equal(step(stopped, steps.stepOut()), 22, 'the call was the last instruction of line 21');
  complete(session.goTo(inLeaf));
  assert.equal(step(stopped, steps.reverseStepOut()), 21);
  assert.equal(step(stopped, steps.reverseStepOut()), 12);
  assert.equal(session.position, calling);
  assert.equal(step(stopped, steps.stepOver()), 13);
  assert.equal(step(stopped, steps.reverseStepIn()), 24, 'the last line of the called function');
  assert.equal(step(stopped, steps.reverseStepIn()), 23);
  assert.equal(step(stopped, steps.reverseStepIn()), 31, 'the last line of the second call to leaf');
});

test('in a recursive function, steps stay in the same invocation of the function', () => {
  const stopped = stoppedAt('sum');
  const { steps, session } = stopped;
  const depth = () => session.inspector.register(2);
  assert.equal(step(stopped, steps.stepOver()), 41);
  const sp = depth();
  assert.equal(step(stopped, steps.stepOver()), 42);
  assert.equal(step(stopped, steps.stepOver()), 43);
  assert.equal(step(stopped, steps.stepOver()), 44);
  assert.equal(depth(), sp);
  assert.equal(session.inspector.register(10), 6n, 'the sum of 3, 2 and 1');
  assert.equal(step(stopped, steps.stepBack()), 43);
  assert.equal(step(stopped, steps.stepBack()), 42);
  assert.equal(depth(), sp);
  assert.equal(step(stopped, steps.stepOver()), 43);
  assert.equal(step(stopped, steps.stepIn()), 41);
  assert.equal(depth(), sp - 16n);
  assert.equal(step(stopped, steps.stepOut()), 44);
  assert.equal(depth(), sp);
});

test('if a step skips a function, the user’s breakpoints in that function stop the step, in both directions', () => {
  const stopped = stoppedAt('again');
  const { steps, session } = stopped;
  const id = session.stopPoints.addBreakpoint(labels.leaf);
  step(stopped, steps.stepOver());
  assert.deepEqual(complete(steps.stepOver()), { kind: 'breakpoint', ids: [id], pc: labels.leaf });
  const first = session.position;
  assert.deepEqual(complete(session.continue()), { kind: 'breakpoint', ids: [id], pc: labels.leaf });
  const second = session.position;
  session.stopPoints.remove(id);
  assert.equal(step(stopped, steps.stepOut()), 23);
  session.stopPoints.addBreakpoint(labels.leaf);
  assert.equal(complete(steps.reverseStepOut()).kind, 'breakpoint');
  assert.equal(session.position, second);
  assert.equal(complete(session.reverseContinue()).kind, 'breakpoint');
  assert.equal(session.position, first);
  assert.deepEqual(complete(steps.reverseStepOut()), { kind: 'step' });
});

test('a reverse step into a function ends at the start of its last line', () => {
  const stopped = stoppedAt('long');
  const { steps, session } = stopped;
  assert.equal(step(stopped, steps.stepOut()), 16, 'in the middle of the line');
  assert.equal(step(stopped, steps.reverseStepIn()), 61);
  assert.equal(session.inspector.pc, labels.long + 4n, 'not at the return instruction');
});

test('a breakpoint stops a step back only if it is hit between the start and the end of the step', () => {
  const stopped = stoppedAt('again');
  const { steps, session } = stopped;
  for (const line of [12, 13, 14, 15]) assert.equal(step(stopped, steps.stepOver()), line);
  const end = session.position;
  // A breakpoint in a call that the step skips.
  const inCall = session.stopPoints.addBreakpoint(labels.none);
  assert.deepEqual(complete(steps.stepBack()), { kind: 'breakpoint', ids: [inCall], pc: labels.none });
  session.stopPoints.remove(inCall);
  complete(session.goTo(end));
  // A breakpoint that a backward run would hit only after passing the end of the step.
  const before = session.stopPoints.addBreakpoint(labels.leaf);
  assert.equal(step(stopped, steps.stepBack()), 14);
  const landing = session.position;
  session.stopPoints.remove(before);
  // A breakpoint at the end of the step.
  const { pc } = session.inspector;
  const at = session.stopPoints.addBreakpoint(pc);
  complete(session.goTo(end));
  assert.deepEqual(complete(steps.stepBack()), { kind: 'breakpoint', ids: [at], pc });
  assert.equal(session.position, landing);
});

test('a data breakpoint stops a step, and reports the same old and new values in both directions', () => {
  const stopped = stoppedAt('twice');
  const { steps, session } = stopped;
  const address = session.inspector.register(2) - 8n;
  session.stopPoints.addDataBreakpoint({ address, lengthBytes: 8, access: 'write' });
  const forward = complete(steps.stepOver());
  assert.ok(forward.kind === 'hit');
  const [hit] = forward.hits;
  complete(session.goTo(session.position + 5));
  const backward = complete(session.reverseContinue());
  assert.ok(backward.kind === 'hit');
  assert.deepEqual(backward.hits, forward.hits);
  assert.equal(session.position, hit.position);
});

test('at the start of the history, a step back reports the start and does not move the machine', () => {
  const { steps, session } = stoppedAt('main');
  for (const run of [steps.stepBack(), steps.reverseStepIn(), stepBack(session), session.reverseContinue()]) {
    assert.deepEqual(complete(run), { kind: 'startOfRecording' });
    assert.equal(session.position, 0);
    assert.deepEqual(session.reason, { kind: 'startOfRecording' });
  }
});

test('nexti runs over a call; stepi enters it', () => {
  const { session } = stoppedAt('again');
  complete(stepForward(session));
  const { pc } = session.inspector;
  const { position } = session;
  complete(stepForward(session));
  assert.equal(session.inspector.pc, labels.twice);
  complete(session.goTo(position));
  assert.deepEqual(complete(stepOverCall(session)), { kind: 'step' });
  assert.equal(session.inspector.pc, pc + 4n);
  complete(session.goTo(position - 1));
  assert.deepEqual(complete(stepOverCall(session)), { kind: 'step' }, 'an instruction that is not a call');
  assert.equal(session.position, position);
});

for (const [name, options] of Object.entries({
  'without interrupts': {},
  'with interrupts': { interruptEvery: 13 },
  'with two harts': { harts: 2 },
  'with two harts and interrupts': { harts: 2, interruptEvery: 17 },
})) {
  const walk = (
    t: Parameters<typeof SeededRandom.forTest>[0],
    stopped: Stopped,
    forward: () => Sliced<StopReason>,
    backward: () => Sliced<StopReason>,
  ): void => {
    const random = SeededRandom.forTest(t);
    const { session, target } = stopped;
    const pcs: bigint[] = [];
    const run = (made: Sliced<StopReason>): StopReason => {
      for (;;) {
        const next = target.pause.resume(made, () => random.chance(0.02));
        if (next.done) return next.value;
      }
    };
    for (let i = 0; i < 60; i++) {
      pcs.push(session.inspector.pc);
      assert.equal(run(forward()).kind, 'step');
    }
    for (let i = 59; i >= 0; i--) {
      assert.equal(run(backward()).kind, 'step');
      assert.equal(session.inspector.pc, pcs[i], `after ${60 - i} steps back`);
    }
  };

  test(`instruction steps back visit the same instructions as forward steps: ${name}`, (t) => {
    const stopped = stoppedAt('again', options);
    const { session } = stopped;
    const { hart } = session.inspector;
    walk(
      t,
      stopped,
      () => stepForward(session, hart),
      () => stepBack(session, hart),
    );
  });

  test(`line steps back visit the same instructions as forward steps: ${name}`, (t) => {
    const stopped = stoppedAt('again', options);
    walk(
      t,
      stopped,
      () => stopped.steps.stepOver(),
      () => stopped.steps.stepBack(),
    );
  });

  test(`line steps visit the expected lines, regardless of interrupts and other harts: ${name}`, () => {
    const stopped = stoppedAt('again', options);
    const seen = Array.from({ length: 6 }, () => step(stopped, stopped.steps.stepOver()));
    assert.deepEqual(seen, [12, 13, 14, 15, 16, 11]);
  });
}
