/** A breakpoint in an inlined function stops inside the function, even at its first instruction. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import {
  addResolvedBreakpoint,
  callStackOf,
  enteredAtStop,
  LoadedSymbols,
  openSymbols,
  type ResolvedBreakpoint,
  resolveFunction,
  resolveLine,
  Session,
  SourceSteps,
} from '../../../debug-adapter/engine/index.ts';
import { groupByCode } from '../../../debug-adapter/engine/symbols/index.ts';
import { fixture } from '../symbols/support/fixtures.ts';
import { stageOf } from '../timeline/travelSupport.ts';

const KERNEL = fixture('names/names-cpp');
const SOURCE = readFileSync(KERNEL.replace('names-cpp.elf', 'names.cpp'), 'utf8').split('\n');
const lineOf = (text: string): number => SOURCE.findIndex((line) => line.includes(text)) + 1;

function stopAt(t: TestContext, resolve: (symbols: LoadedSymbols) => ResolvedBreakpoint) {
  const session = new Session(stageOf({ kernel: KERNEL, diskBytes: 1 << 20 }, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const symbols = openSymbols({ name: KERNEL, bytes: readFileSync(KERNEL) });
  const loaded = new LoadedSymbols(groupByCode([{ symbols, isBooted: true }]), session.inspector);
  for (const at of resolve(loaded).addresses) addResolvedBreakpoint(session, loaded, at);
  assert.equal(complete(session.continue()).kind, 'breakpoint');
  const stack = () =>
    callStackOf(session.inspector, loaded, enteredAtStop(session))
      .slice(0, 2)
      .map(({ source: { name, at } }) => `${name}:${at?.line}`);
  return { stack, steps: new SourceSteps(session, symbols) };
}

const BODY = lineOf('int y = x * 7;');
const CALL = lineOf('r += inlined(r);');
const SECOND_CALL = lineOf('r += inlined(2);');

test('a function breakpoint on an inlined function stops in the function, and steps stay in it', (t) => {
  const { stack, steps } = stopAt(t, (symbols) => resolveFunction(symbols, 'inlined'));
  assert.deepEqual(stack(), [`inlined:${BODY}`, `main:${CALL}`]);
  complete(steps.stepOver());
  assert.deepEqual(stack(), [`inlined:${BODY + 1}`, `main:${CALL}`]);
});

test('a breakpoint on the first line of an inlined function stops in the function', (t) => {
  const { stack } = stopAt(t, (symbols) => resolveLine(symbols, 'names.cpp', BODY));
  assert.deepEqual(stack(), [`inlined:${BODY}`, `main:${CALL}`]);
});

test('a breakpoint on the line of an inlined call stops in the caller, and so does a step to the line of the next call', (t) => {
  const { stack, steps } = stopAt(t, (symbols) => resolveLine(symbols, 'names.cpp', CALL));
  assert.equal(stack()[0], `main:${CALL}`);
  complete(steps.stepOver());
  assert.equal(stack()[0], `main:${SECOND_CALL}`);
});
