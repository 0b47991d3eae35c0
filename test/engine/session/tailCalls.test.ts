/** As in gdb, the call stack shows functions that ended with a tail call; a step out skips them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { frameViewOf, openSymbols, Session, SourceSteps } from '../../../debug-adapter/engine/index.ts';
import { fixture } from '../symbols/support/fixtures.ts';
import { stageOf } from '../timeline/travelSupport.ts';

const KERNEL = fixture('names/tail');
const SOURCE = readFileSync(KERNEL.replace('.elf', '.c'), 'utf8').split('\n');

function debug(t: TestContext) {
  const session = new Session(stageOf({ kernel: KERNEL, diskBytes: 1 << 20 }, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const symbols = openSymbols({ name: KERNEL, bytes: readFileSync(KERNEL) });
  const leaf = symbols.functionBreakpoints('leaf');
  /** Runs to the next call to `leaf`. */
  const run = () => complete(session.runTo(leaf, () => true)).kind === 'breakpoint';
  /** The function of each frame and the text of its line. */
  const stack = () => {
    const { frames } = symbols.callStack(frameViewOf(session.inspector));
    return frames
      .map(({ lookupPc }) => `${symbols.functionAt(lookupPc)?.name}: ${textOf(symbols.lineAt(lookupPc)?.line)}`)
      .filter((frame) => !frame.startsWith('_start'));
  };
  return { session, symbols, steps: new SourceSteps(session, symbols), run, stack };
}

const textOf = (line: number | undefined): string => SOURCE[(line ?? 0) - 1]?.trim() ?? '?';

test('functions that ended with a tail call are shown if only one chain of tail calls is possible', (t) => {
  const { run, stack } = debug(t);
  const stacks: string[][] = [];
  while (run()) stacks.push(stack());
  // The expected frames are those of gdb 13.
  assert.deepEqual(stacks, [
    ['leaf: sink += x;', 'inner: return leaf(x * 2);', 'middle: return inner(x + 1);', 'main: int r = middle(3);'],
    ['leaf: sink += x;', 'main: r += leaf(4);'],
    // `ambiguous` calls `inner` or `middle`; both chains end with `inner`, so only `inner` is shown.
    ['leaf: sink += x;', 'inner: return leaf(x * 2);', 'main: r += ambiguous(1);'],
    // A call through a pointer could lead anywhere.
    ['leaf: sink += x;', 'main: r += indirect(leaf, 3);'],
    ['leaf: sink += x;', 'main: r += even(3);'],
  ]);
});

test('the frame of a tail call has the registers of its caller', (t) => {
  const { session, symbols, run } = debug(t);
  run();
  const { frames } = symbols.callStack(frameViewOf(session.inspector));
  const [leaf, inner, middle, main] = frames;
  assert.deepEqual(
    frames.slice(0, 4).map(({ isTailCall }) => isTailCall ?? false),
    [false, true, true, false],
  );
  assert.deepEqual([inner.register(2), middle.register(2)], [main.register(2), main.register(2)]);
  assert.equal(inner.cfa, leaf.cfa);
});

test('a step out goes to the function to which the tail calls return', (t) => {
  const { session, symbols, steps, run } = debug(t);
  run();
  complete(steps.stepOut());
  assert.equal(symbols.functionAt(session.inspector.pc)?.name, 'main');
});
