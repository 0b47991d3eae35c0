/** Steps stay on the selected hart; the other harts run during a step, but no step ends on them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { openSymbols, Session, SourceSteps } from '../../../debug-adapter/engine/index.ts';
import { stageOf } from '../timeline/travelSupport.ts';
import { longTest } from '../../support/extent.ts';

const HARTS = { kernel: 'test/guests/harts/harts.elf', diskBytes: 1 << 20 };
const STEPS = 40;

/** Starts a recording and runs until hart 2 is at the start of a function that all four harts execute. */
function atFunction(name: string, t: TestContext) {
  const stage = stageOf(HARTS, t);
  stage.setup.harts = 4;
  const session = new Session(stage.record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const { machine } = session.target;
  const symbols = openSymbols({ name: HARTS.kernel, bytes: readFileSync(HARTS.kernel) });
  const address = symbols.functionsNamed(name)[0].low;
  complete(session.runTo([address], () => machine.currentHart === 2));
  assert.deepEqual([machine.currentHart, session.inspector.pc], [2, address]);
  return { session, machine, symbols, steps: new SourceSteps(session, symbols) };
}

longTest('stepping over lines, forwards and backwards, stays on the selected hart', (t) => {
  const { session, machine, symbols, steps } = atFunction('take_turns', t);
  const { start } = machine.quantum;
  const lines: (number | undefined)[] = [];
  const at = () => symbols.lineAt(session.inspector.pc)?.line;
  let turnsOfOthers = 0;
  for (let i = 0; i < STEPS; i++) {
    const before = machine.quantum.start;
    assert.equal(complete(steps.stepOver()).kind, 'step');
    if (machine.quantum.start !== before) turnsOfOthers++;
    assert.deepEqual([machine.currentHart, symbols.functionAt(session.inspector.pc)?.name], [2, 'take_turns']);
    lines.push(at());
  }
  assert.ok(turnsOfOthers > 0 && machine.quantum.start > start, 'other harts ran in between');
  // A step back over a loop on one line ends at the start of an iteration, because every iteration starts at the
  // beginning of the line.
  const back = [at()];
  for (let i = 0; i < STEPS; i++) {
    assert.equal(complete(steps.stepBack()).kind, 'step');
    assert.equal(machine.currentHart, 2);
    if (at() !== back[0]) back.unshift(at());
  }
  assert.ok(back.length > STEPS / 3);
  assert.deepEqual(back, lines.slice(-back.length));
});

test('stepping over the last instruction of a quantum takes one step in both directions, although the other harts run in between', (t) => {
  const { session, machine } = atFunction('count_own', t);
  complete(session.goTo(session.position));
  session.target.advance(machine.quantum.end - 1);
  const { position } = session;
  const { pc } = session.inspector;
  const instructions = machine.instructionsOf(2);
  assert.equal(machine.currentHart, 2);
  assert.equal(complete(session.stepInstruction()).kind, 'step');
  assert.deepEqual([machine.currentHart, machine.instructionsOf(2)], [2, instructions + 1]);
  assert.ok(session.position >= position + 30_000, 'the three other harts ran in between');
  assert.equal(complete(session.stepBackInstruction()).kind, 'step');
  assert.deepEqual([session.position, session.inspector.pc, machine.currentHart], [position, pc, 2]);
});
