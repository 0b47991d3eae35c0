/** Conditions and log messages are checked when they are set, and an error message names the column of the error. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  conditionOf,
  LoadedSymbols,
  logMessageOf,
  Session,
  type Trap,
  UserError,
} from '../../../debug-adapter/engine/index.ts';
import { evaluatePredicate } from '../../../debug-adapter/engine/target/predicate.ts';
import { groupByCode } from '../../../debug-adapter/engine/symbols/index.ts';
import { SHORT_ROUNDS } from '../../support/toy/programs.ts';
import { ToyTarget } from '../../support/toy/toyTarget.ts';
import { fixture, open } from '../symbols/support/fixtures.ts';

const { inspector } = new Session(new ToyTarget({ code: SHORT_ROUNDS.code }));
const symbols = open(fixture('types-O0-v5'));
const [group] = groupByCode([{ symbols, isBooted: true }]);
const loaded = new LoadedSymbols([group], inspector);
const [main] = symbols.functionsNamed('main');
const inMain = { inspector, symbols: loaded, at: { address: main.low, group } };
const anywhere = { inspector, symbols: new LoadedSymbols([], inspector) };

const refusal = (make: () => unknown): { code: string; column: unknown } => {
  try {
    make();
  } catch (error) {
    assert.ok(error instanceof UserError);
    return { code: error.code, column: error.fields.column };
  }
  return { code: 'accepted', column: undefined };
};

test('an invalid condition is rejected, and the message names the column of the first error', () => {
  const invalid: Record<string, number> = {
    '1 +': 4,
    'number_int > nothing': 14,
    'first.nothing == 1': 1,
    '5 ? first : 1': 5,
    '(number_int': 12,
    '$zzz == 1': 1,
    'number_int = 5': 1,
    '1 # 2': 3,
    '   ': 4,
  };
  for (const [text, column] of Object.entries(invalid)) {
    assert.deepEqual(
      refusal(() => conditionOf(inMain, text)),
      { code: 'condition-invalid', column },
      text,
    );
  }
});

test('if a condition has no address, its names are resolved at the location where the machine stops', () => {
  assert.equal(refusal(() => conditionOf(anywhere, 'nothing > 5')).code, 'accepted');
  assert.equal(refusal(() => conditionOf(anywhere, '$cause == 13')).code, 'accepted');
  assert.deepEqual(
    refusal(() => conditionOf(anywhere, '5 >')),
    { code: 'condition-invalid', column: 4 },
  );
  const trap: Trap = {
    kind: 'interrupt',
    ...{ cause: 7, tval: 0n, pc: 0x1000n, privilege: 0, handlerPrivilege: 3, handler: 0n, hart: 0 },
  };
  assert.equal(conditionOf(anywhere, '$cause == (1ul << 63 | 7) && $epc == 0x1000').holds(trap), true);
});

test('a condition in code without symbols can use registers, and the machine itself can evaluate the condition', () => {
  const condition = conditionOf({ ...anywhere, at: { address: inspector.pc } }, '$sp > 0x80000000 && $a0 == 0');
  assert.equal(condition.holds(), true);
  assert.equal(evaluatePredicate(condition.predicate!, inspector), 1n);
});

test('a log message contains the values of the expressions in braces', () => {
  const text = (message: string) => logMessageOf(anywhere, message).evaluate();
  assert.equal(text('a0 is {$a0 + 1}, not {$a0 + 2}'), 'a0 is 1, not 2');
  assert.equal(text('\\{{1 + 1}\\} and } and \\n'), '{2} and } and \\n');
  assert.equal(text("{'}' == 125}"), '1');
  assert.match(text('{1 / 0}'), /^<The expression divides by zero\.>$/);
  assert.match(text('{*(int *)1}'), /cannot/);
  assert.deepEqual(
    refusal(() => logMessageOf(anywhere, 'n is {1 +}')),
    { code: 'log-message-invalid', column: 10 },
  );
  assert.deepEqual(
    refusal(() => logMessageOf(anywhere, 'n is {1')),
    { code: 'log-message-invalid', column: 6 },
  );
});
