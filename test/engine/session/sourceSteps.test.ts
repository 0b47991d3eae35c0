/** Source line steps work forwards and backwards, on guests with a timer, a disk and traps. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { MachineTimeline } from '../../../debug-adapter/engine/timeline/machineTimeline.ts';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { frameViewOf, openSymbols, Session, SourceSteps, type Symbols } from '../../../debug-adapter/engine/index.ts';
import { SeededRandom } from '../../support/seededRandom.ts';
import { DEMO, KERNEL, type Scene, stageOf } from '../timeline/travelSupport.ts';
import { longTest, some, times } from '../../support/extent.ts';

interface Debugging {
  session: Session<MachineTimeline>;
  symbols: Symbols;
  steps: SourceSteps;
  /** The current location as text, such as `statistics.c:18 in statistics_sample`. */
  where(): string;
}

function debug(scene: Scene, t: TestContext): Debugging {
  const session = new Session(stageOf(scene, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const symbols = openSymbols({ name: scene.kernel, bytes: readFileSync(scene.kernel) });
  const where = () => {
    const { pc } = session.inspector;
    const line = symbols.lineAt(pc);
    return `${line?.file.path.split('/').at(-1)}:${line?.line} in ${symbols.functionAt(pc)?.name}`;
  };
  return { session, symbols, steps: new SourceSteps(session, symbols), where };
}

function watch({ session, symbols }: Debugging, expression: string): void {
  const frame = symbols.innermostFrame(frameViewOf(session.inspector));
  const evaluation = symbols.evaluate(expression, frame);
  const { lvalue } = evaluation.kind === 'value' ? evaluation.value : evaluation.target;
  assert.ok(lvalue, `${expression} is in memory`);
  session.stopPoints.addDataBreakpoint({ address: lvalue.address, lengthBytes: lvalue.sizeBytes, access: 'write' });
}

longTest(
  'a backward run goes from the failure to the line that corrupted the superblock, and steps then go back line by line',
  (t) => {
    const debugging = debug(DEMO, t);
    const { session, steps, where } = debugging;
    assert.equal(complete(session.continue()).kind, 'ended');
    watch(debugging, 'store.superblock.entry_count');
    assert.equal(complete(session.reverseContinue()).kind, 'hit');
    const trail = [where()];
    for (let i = 0; i < 9; i++) {
      assert.equal(complete(steps.stepBack()).kind, 'step');
      trail.push(where());
    }
    const lineOf = (line: string) => line.replace(/ in .*/, '');
    assert.equal(lineOf(trail[0]), 'statistics.c:18');
    // Steps back go to the start of the line, then line by line to the start of the function, and then to its caller.
    assert.equal(trail[1], trail[0]);
    assert.match(trail.join('\n'), /in timer_interrupt/);
    const lines = trail.slice(1).filter((location) => location.endsWith('statistics_sample'));
    assert.equal(new Set(lines).size, lines.length, 'no line of the function twice');
  },
);

for (const [name, scene, length] of some(
  [
    ['the demo', DEMO, 80_000_000],
    ['a kernel with processes', KERNEL, 70_000_000],
  ] as const,
  1,
)) {
  test(`stepping back over a line and then forwards again returns to the same position: ${name}`, (t) => {
    const { session, symbols, steps, where } = debug(scene, t);
    const random = SeededRandom.forTest(t);
    session.target.advance(length);
    let tried = 0;
    let exactly = 0;
    for (let i = 0; i < 120 && tried < times({ quick: 8, long: 25 }); i++) {
      complete(session.goTo(random.below(length)));
      // Moves to the start of a line, since that is where a user would start stepping.
      if (symbols.statementRanges(session.inspector.pc).length === 0) continue;
      if (complete(steps.stepOver()).kind !== 'step') continue;
      const { pc } = session.inspector;
      const line = symbols.lineAt(pc);
      // If the code of a line has several adjacent ranges, only the start of the first one is tested, because stepping
      // back goes there.
      const isBeginning = symbols.statementRanges(pc).some(({ start }) => start === pc);
      if (!isBeginning || line?.start !== pc || !line.isStatement) continue;
      const from = { position: session.position, location: where(), low: symbols.functionAt(pc)?.low };
      if (complete(steps.stepOver()).kind !== 'step') continue;
      const there = { position: session.position, pc: session.inspector.pc };
      // A step that leaves the function is excluded, since a step back after it skips the whole call.
      if (symbols.functionAt(there.pc)?.low !== from.low) continue;
      assert.ok(there.position > from.position);
      assert.equal(complete(steps.stepBack()).kind, 'step');
      const back = `back from ${there.position} to ${where()} at ${session.position}, began at ${from.position}`;
      // If the line is a loop, stepping back stops in the last iteration, after the position where the step started.
      assert.ok(session.position >= from.position && session.position < there.position, back);
      if (session.position === from.position) exactly++;
      tried++;
      // A forward step does not stop in a range in which no statement starts, or in a range of the line where the step
      // started.
      const landed = symbols.lineAt(session.inspector.pc);
      if (!landed?.isStatement || landed.line === symbols.lineAt(there.pc)?.line) continue;
      assert.equal(complete(steps.stepOver()).kind, 'step');
      assert.equal(session.position, there.position, `${back}, and forwards again`);
    }
    assert.ok(tried > 3, `${tried} positions tried`);
    assert.ok(exactly > 0, `${exactly} of ${tried} returned exactly`);
  });
}

test('stepping back from a trap handler that was entered by a jump through t0 takes one step, and does not go back to the start of the history', (t) => {
  const { session, symbols, steps } = debug(KERNEL, t);
  const [handler] = symbols.functionsNamed('user_trap');
  session.stopPoints.addBreakpoint(handler.low);
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  assert.equal(session.inspector.pc, handler.low, 'stops at the first instruction');
  const { position } = session;
  assert.equal(complete(steps.stepBack()).kind, 'step');
  assert.equal(session.position, position - 1);
});

test('stepping into a function stops after its prologue, and stepping out returns to the caller', (t) => {
  const { session, symbols, steps } = debug(DEMO, t);
  const [journalFunction] = symbols.functionsNamed('journal_checkpoint');
  const id = session.stopPoints.addBreakpoint(symbols.breakpointAddress(journalFunction));
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  session.stopPoints.remove(id);
  const inside = symbols.callStack(frameViewOf(session.inspector), 3).frames;
  const caller = inside[1].pc;
  assert.equal(complete(steps.stepOut()).kind, 'step');
  assert.equal(session.inspector.pc, caller);
  complete(session.goTo(session.position - 1));
  for (let i = 0; i < 50; i++) {
    const before = symbols.functionAt(session.inspector.pc)?.name;
    assert.equal(complete(steps.stepIn()).kind, 'step');
    const now = symbols.functionAt(session.inspector.pc)!;
    if (now.name === before || session.inspector.pc !== symbols.breakpointAddress(now)) continue;
    return;
  }
  assert.fail('no call was stepped into');
});
