/** On a toy target, steps recognize calls, returns and traps, and do not mistake other jumps for them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  complete,
  Session,
  SourceSteps,
  stepBack,
  stepForward,
  stepOverCall,
  type Sliced,
  type StopReason,
} from '../../../debug-adapter/engine/index.ts';
import {
  CALLS,
  CALLS_FUNCTIONS,
  JUMPS,
  JUMPS_FUNCTIONS,
  SWITCHES,
  SWITCHES_FUNCTIONS,
} from '../../support/toy/programs.ts';
import { sessionOf, toySession } from '../../support/toy/toySession.ts';

/** The position after the delay at the start of JUMPS and about ten iterations of its loop. */
const JUMPS_END = 500_300;
const jumps = () => toySession(JUMPS, JUMPS_FUNCTIONS, { end: JUMPS_END });
const switches = () => toySession(SWITCHES, SWITCHES_FUNCTIONS, { end: 500 });
const calls = (options = {}) => toySession(CALLS, CALLS_FUNCTIONS, { end: 3000, ...options });

type Stopped = ReturnType<typeof toySession>;

function step({ line }: Stopped, run: Sliced<StopReason>): number {
  assert.equal(complete(run).kind, 'step');
  return line();
}

// --- lines -------------------------------------------------------------------------------------------------------------

test('lines with branches, calls to the next instruction and computed jumps are stepped over like other lines', () => {
  const stopped = jumps();
  const { steps } = stopped;
  stopped.runTo(JUMPS.labels.jumps);
  const expected = [11, 12, 13, 14, 15, 17, 18, 19, 20, 21, 10];
  const seen = expected.map(() => step(stopped, steps.stepOver()));
  assert.deepEqual(seen, expected);
  const back = expected.map(() => step(stopped, steps.stepBack()));
  assert.deepEqual(back, [10, ...expected.slice(0, -1)].reverse());
});

test('from the middle of a line, a step back goes to its start, even over a branch or a call to the next instruction', () => {
  const { labels } = JUMPS;
  for (const [label, line] of [
    ['skipped', 12],
    ['here', 13],
  ] as const) {
    const stopped = jumps();
    stopped.runTo(labels[label]);
    const { position } = stopped.session;
    assert.equal(step(stopped, stopped.steps.stepBack()), line);
    assert.equal(stopped.session.position, position - 1);
  }
});

test('a reverse step into a function that has only one line ends at its first instruction', () => {
  const stopped = jumps();
  stopped.runTo(JUMPS.labels.skipped - 8n);
  assert.equal(step(stopped, stopped.steps.reverseStepIn()), 30);
  assert.equal(stopped.session.inspector.pc, JUMPS.labels.tiny);
});

test('steps do not enter functions without line information', () => {
  const stopped = jumps();
  const { steps } = stopped;
  stopped.runTo(JUMPS.labels.there);
  for (const line of [18, 19, 20, 21]) assert.equal(step(stopped, steps.stepOver()), line);
  assert.equal(step(stopped, steps.reverseStepIn()), 20);
  assert.equal(step(stopped, steps.stepIn()), 21);
});

test('a step back over a compressed call skips the function', () => {
  const stopped = jumps();
  stopped.runTo(JUMPS.labels.there);
  assert.equal(step(stopped, stopped.steps.stepOver()), 18);
  const { position } = stopped.session;
  assert.equal(step(stopped, stopped.steps.stepOver()), 19);
  assert.equal(step(stopped, stopped.steps.stepBack()), 18);
  assert.equal(stopped.session.position, position);
});

test('a step back over a jump that uses the link register does not search the history for a call', () => {
  const stopped = jumps();
  const { target, session, steps } = stopped;
  stopped.runTo(JUMPS.labels.there);
  complete(session.goTo(JUMPS_END));
  stopped.runTo(JUMPS.labels.there);
  complete(steps.reverseStepIn());
  complete(session.reverseContinue());
  complete(session.goTo(JUMPS_END - 10));
  complete(session.runBackTo([JUMPS.labels.there], () => true));
  const { executed } = target.machine;
  assert.equal(step(stopped, steps.stepBack()), 15);
  assert.ok(target.machine.executed - executed < 100_000, `${target.machine.executed - executed} steps`);
});

test('in a function without unwind information, and outside functions, a reverse step out goes back one line', () => {
  const stopped = jumps();
  const { steps } = stopped;
  stopped.runTo(JUMPS.labels.there);
  assert.equal(step(stopped, steps.reverseStepOut()), 15);
  complete(stopped.session.goTo(500_002));
  assert.equal(step(stopped, steps.reverseStepOut()), 2);
});

test('a reverse step out from the middle of a function goes to the call to that function, even in a recursive function', () => {
  const stopped = calls();
  const { session, steps } = stopped;
  const { labels } = CALLS;
  stopped.runTo(labels.leaf);
  assert.equal(step(stopped, steps.stepOut()), 22);
  assert.equal(step(stopped, steps.reverseStepOut()), 12);
  const depth = session.inspector.register(2);
  stopped.runTo(labels.none);
  // The outermost activation returns last.
  while (session.inspector.register(2) !== depth - 16n) stopped.runTo(labels.none);
  assert.equal(step(stopped, steps.reverseStepOut()), 14);
  assert.equal(session.inspector.register(2), depth);
});

test('from the first line of a function, a step back goes to the caller', () => {
  const stopped = calls();
  const { session, steps } = stopped;
  stopped.runTo(CALLS.labels.twice);
  const { position } = session;
  assert.equal(step(stopped, steps.stepBack()), 12);
  complete(session.goTo(position + 1));
  assert.equal(step(stopped, steps.stepBack()), 12, 'from the middle of the line');
  complete(session.goTo(position + 2));
  assert.equal(step(stopped, steps.stepBack()), 12, 'from the second line');
});

test('a step out of the outermost function goes to the next line', () => {
  const stopped = calls();
  stopped.runTo(CALLS.labels.again);
  assert.equal(step(stopped, stopped.steps.stepOut()), 12);
});

test('a step back within the first line of the recording ends at its start', () => {
  const { session, steps } = calls();
  complete(session.goTo(1));
  assert.deepEqual(complete(steps.stepBack()), { kind: 'startOfRecording' });
  assert.equal(session.position, 0);
});

test('a breakpoint in the middle of a line stops a step over the line', () => {
  const stopped = calls();
  const { session, steps } = stopped;
  stopped.runTo(CALLS.labels.again);
  for (const line of [12, 13]) assert.equal(step(stopped, steps.stepOver()), line);
  const pc = session.inspector.pc + 4n;
  const id = session.stopPoints.addBreakpoint(pc);
  assert.deepEqual(complete(steps.stepOver()), { kind: 'breakpoint', ids: [id], pc });
  assert.equal(session.inspector.pc, pc);
  assert.equal(step(stopped, steps.stepOver()), 14);
});

test('reverse steps fail if there is no recorded history', () => {
  const { target } = calls();
  const session = new Session(Object.create(target, { history: { value: undefined } }) as typeof target);
  const { steps } = sessionOf(target, CALLS, CALLS_FUNCTIONS);
  const without = new SourceSteps(session, { ...(steps as unknown as { symbols: Stopped['symbols'] }).symbols });
  complete(session.runTo([CALLS.labels.leaf + 4n], () => true));
  const { position } = session;
  for (const run of [without.stepBack(), without.reverseStepIn(), without.reverseStepOut(), stepBack(session)]) {
    assert.throws(() => complete(run), { code: 'no-history' });
    assert.equal(session.position, position);
  }
});

// --- instructions ------------------------------------------------------------------------------------------------------

test('an instruction step executes one step, even if the pc stays the same', () => {
  // Position 1000 is in the middle of a delay.
  const { session } = jumps();
  complete(session.goTo(1000));
  const { pc } = session.inspector;
  for (let steps = 1; steps <= 3; steps++) {
    const { position } = session;
    assert.deepEqual(complete(stepForward(session)), { kind: 'step' });
    assert.deepEqual([session.position, session.inspector.pc], [position + 1, pc]);
  }
});

test('an instruction step enters the handler of an exception, and a step back from its first instruction leaves it', () => {
  const stopped = calls();
  const { session } = stopped;
  const ecallPc = CALLS.labels.none;
  const toEcall = () => {
    stopped.runTo(CALLS.labels.handler);
    return session.position - 1;
  };
  const position = toEcall();
  assert.notEqual(session.inspector.pc, ecallPc);
  assert.deepEqual(complete(stepBack(session)), { kind: 'step' });
  assert.deepEqual([session.position, stopped.line()], [position, 15]);
  assert.deepEqual(complete(stepForward(session)), { kind: 'step' });
  assert.deepEqual([session.position, session.inspector.pc], [position + 1, CALLS.labels.handler]);
  // At the instruction after the ecall, the handler's mret is the last instruction that was executed.
  for (let i = 0; i < 3; i++) complete(stepForward(session));
  assert.equal(stopped.line(), 16);
  const returned = session.position;
  assert.deepEqual(complete(stepBack(session)), { kind: 'step' });
  assert.deepEqual([session.position, stopped.line()], [returned - 1, 51]);
});

test('the user’s breakpoint in the handler of an interrupt stops an instruction step, in both directions', () => {
  const stopped = calls({ interruptEvery: 13 });
  const { session } = stopped;
  const pc = CALLS.labels.handler + 4n;
  complete(session.goTo(39));
  assert.equal(session.inspector.privilege, 0, 'an interrupt is due');
  const id = session.stopPoints.addBreakpoint(pc);
  assert.deepEqual(complete(stepForward(session)), { kind: 'breakpoint', ids: [id], pc });
  assert.equal(session.position, 41);
  // Position 44 is five steps after 39: the interrupt, two instructions of the handler, its return and one more
  // instruction.
  complete(session.goTo(44));
  assert.deepEqual(complete(stepBack(session)), { kind: 'step' });
  assert.deepEqual(complete(stepBack(session)), { kind: 'breakpoint', ids: [id], pc });
  assert.equal(session.position, 41);
  assert.deepEqual(complete(stepBack(session)), { kind: 'step' });
  // From the handler's first instruction, a step back goes to the interrupted code.
  assert.deepEqual([complete(stepBack(session)).kind, session.position], ['step', 39]);
});

test('nexti at a call stops at the user’s breakpoints, and at a jump it executes one instruction', () => {
  const stopped = calls();
  const { session } = stopped;
  const { labels } = CALLS;
  stopped.runTo(labels.leaf);
  complete(stepBack(session));
  const id = session.stopPoints.addBreakpoint(labels.leaf + 4n);
  assert.deepEqual(complete(stepOverCall(session)), { kind: 'breakpoint', ids: [id], pc: labels.leaf + 4n });
  session.stopPoints.remove(id);
  assert.deepEqual(complete(stepOverCall(session)), { kind: 'step' });
  assert.equal(stopped.line(), 22, 'a return');
  const other = jumps();
  other.runTo(JUMPS.labels.skipped - 8n);
  for (const label of ['skipped', undefined, 'here'] as const) {
    const { position } = other.session;
    assert.deepEqual(complete(stepOverCall(other.session)), { kind: 'step' });
    assert.equal(other.session.position, position + 1);
    if (label) assert.equal(other.session.inspector.pc, JUMPS.labels[label]);
  }
});

// --- traps -------------------------------------------------------------------------------------------------------------

test('a step back does not skip a handler that returned on another stack or to a different address', () => {
  const stopped = switches();
  const { session, steps } = stopped;
  const { labels } = SWITCHES;
  stopped.runTo(labels.base - 8n);
  assert.equal(stopped.line(), 13);
  const { position } = session;
  assert.deepEqual(complete(stepBack(session)), { kind: 'step' });
  assert.deepEqual([session.position, stopped.line()], [position - 1, 52]);
  complete(session.goTo(position));
  assert.equal(step(stopped, steps.stepBack()), 52);
  stopped.runTo(labels.elsewhere + 4n);
  const after = session.position;
  assert.deepEqual(complete(stepBack(session)), { kind: 'step' });
  assert.deepEqual([session.position, stopped.line()], [after - 1, 53]);
  complete(session.goTo(after));
  assert.equal(step(stopped, steps.stepBack()), 53);
});

test('steps back reach the start of the history, even if it is in a trap handler', () => {
  const options = { harts: 2, interruptEvery: 13 };
  const { target } = toySession(CALLS, CALLS_FUNCTIONS, { end: 0, ...options });
  for (let start = 38; start < 58; start++) {
    complete(target.forward(start));
    target.store(`at ${start}`);
  }
  complete(target.forward(100));
  for (let start = 38; start < 58; start++) {
    for (const kind of ['stepBack', 'reverseStepIn', 'reverseStepOut'] as const) {
      const { session, steps } = sessionOf(target.replay({ from: `at ${start}` }), CALLS, CALLS_FUNCTIONS);
      assert.equal(session.history.start, start);
      complete(session.goTo(start + 25));
      while (session.position > start) {
        const { position } = session;
        complete(steps[kind]());
        assert.ok(session.position < position, `${kind} from ${position}, start ${start}`);
      }
      assert.deepEqual(complete(steps[kind]()), { kind: 'startOfRecording' });
      assert.equal(session.position, start);
    }
  }
});

// --- pauses ------------------------------------------------------------------------------------------------------------

test('a step back over a line can be paused between the instructions of the line, at the position that it has reached', () => {
  const stopped = calls();
  const { target, session, steps } = stopped;
  stopped.runTo(CALLS.labels.sum);
  complete(steps.stepOut());
  assert.equal(stopped.line(), 14);
  const { position } = session;
  const positions: number[] = [];
  const run = steps.stepBack();
  for (let next = target.pause.resume(run, () => true); !next.done; next = target.pause.resume(run, () => true)) {
    positions.push(session.position);
  }
  // The step goes back over the call, and over the instruction before the call on line 14.
  assert.equal(positions[0], position);
  assert.deepEqual(positions.slice(1), [session.position + 1]);
  assert.equal(stopped.line(), 14);
});

test('an instruction step back over an interrupt pauses before it continues in the interrupted code', () => {
  const { target, session } = calls({ interruptEvery: 13 });
  // An interrupt occurs at position 39, and its handler returns at position 42.
  complete(session.goTo(43));
  const run = stepBack(session);
  assert.equal(target.pause.resume(run, () => true).done, false);
  assert.equal(session.position, 39);
  assert.equal(target.pause.resume(run, () => true).done, true);
  assert.equal(session.position, 38);
});
