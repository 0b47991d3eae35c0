/** Steps enter functions in assembly, and C++ functions that are called through thunks, which adjust `this`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { complete } from '../../../debug-adapter/engine/base/sliced.ts';
import { openSymbols, Session, SourceSteps } from '../../../debug-adapter/engine/index.ts';
import { fixture } from '../symbols/support/fixtures.ts';
import { stageOf } from '../timeline/travelSupport.ts';

function debug(name: string, t: TestContext) {
  const kernel = fixture(name);
  const session = new Session(stageOf({ kernel, diskBytes: 1 << 20 }, t).record());
  t.after(() => session.target.close({ reason: 'interrupted' }));
  const symbols = openSymbols({ name: kernel, bytes: readFileSync(kernel) });
  const steps = new SourceSteps(session, symbols);
  const functionName = () => symbols.functionAt(session.inspector.pc)?.name;
  return { session, symbols, steps, functionName };
}

test('a step into a virtual function of a second base class stops in the function, not in its thunk', (t) => {
  const { session, symbols, steps, functionName } = debug('names/names-cpp', t);
  const source = readFileSync(fixture('names/names-cpp').replace('names-cpp.elf', 'names.cpp'), 'utf8').split('\n');
  const line = source.findIndex((text) => text.includes('right->right()')) + 1;
  const location = symbols.addressesOfLine('names.cpp', line);
  assert.equal(location?.line, line);
  complete(session.runTo(location.addresses, () => true));
  assert.equal(functionName(), 'main');
  assert.equal(complete(steps.stepIn()).kind, 'step');
  assert.equal(functionName(), 'Both::right');
  const [right] = symbols.functionsNamed('Both::right');
  assert.equal(session.inspector.pc, symbols.breakpointAddress(right));
  complete(steps.stepOut());
  assert.equal(functionName(), 'main');
});

test('a step into a function written in assembly stops at its first instruction', (t) => {
  const { session, symbols, steps, functionName } = debug('names/relaxed', t);
  const [[main], [sum]] = [symbols.functionsNamed('main'), symbols.functionsNamed('sum')];
  complete(session.runTo([main.low], () => true));
  for (let step = 0; step < 12 && functionName() === 'main'; step++) complete(steps.stepIn());
  assert.equal(session.inspector.pc, sum.low);
});
