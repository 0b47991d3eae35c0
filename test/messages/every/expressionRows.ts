import { liveScene, refused } from './dap.ts';
import type { Row } from './rows.ts';

/** Evaluates a watch expression. The editor shows the error in place of the value. */
const watch = (expression: string) =>
  refused(liveScene, 'evaluate', async ({ dap }) => {
    const { id: frameId } = await dap.topFrame();
    return { expression, frameId, context: 'watch' };
  });

const repl = (expression: string) =>
  refused(liveScene, 'evaluate', async ({ dap }) => {
    const { id: frameId } = await dap.topFrame();
    return { expression, frameId, context: 'repl' };
  });

const SPELLING = /Check the spelling/;

/** Expressions that have no value. */
export const expressionRows: readonly Row[] = [
  {
    message: 'symbols/expressionIsEmpty',
    provoke: watch(' '),
    cause: /is empty/,
    where: /^The expression/,
    remedy: /Type an expression/,
  },
  {
    message: 'symbols/expressionHasBadText',
    provoke: watch('1 ` 2'),
    cause: /is not supported/,
    where: /"` 2" .*in an expression/,
    remedy: /Leave it out/,
  },
  {
    message: 'symbols/expressionExpected',
    provoke: watch('(1 + 2'),
    cause: /^Expected /,
    where: /before the end of the expression/,
    remedy: /Expected "\)"|Expected \)|Expected an operator/,
  },
  {
    message: 'symbols/expressionIsTooDeep',
    provoke: watch('('.repeat(5000) + '1' + ')'.repeat(5000)),
    cause: /is nested too deeply/,
    where: /^The expression/,
    remedy: /Split it into smaller expressions/,
  },
  {
    message: 'symbols/nameIsUnknown',
    provoke: watch('nobody'),
    cause: /There is no variable, function or enumerator/,
    where: /"nobody" here/,
    remedy: SPELLING,
  },
  {
    message: 'symbols/typeIsUnknown',
    provoke: watch('(struct nobody *)0'),
    cause: /There is no type/,
    where: /nobody" in the debug information/,
    remedy: SPELLING,
  },
  {
    message: 'symbols/registerIsUnknown',
    provoke: watch('$nobody'),
    cause: /There is no register/,
    where: /"\$nobody"/,
    remedy: SPELLING,
  },
  {
    message: 'symbols/memberIsUnknown',
    provoke: watch('statistics->nobody'),
    cause: /has no member/,
    where: /struct statistics .*"nobody"/,
    remedy: SPELLING,
  },
  {
    message: 'symbols/isNotAStruct',
    provoke: watch('store.journal.pending.x'),
    cause: /is not a struct or union: its type is uint32_t/,
    where: /^store\.journal\.pending /,
    remedy: /Only a struct, a union or a pointer to one has members/,
  },
  {
    message: 'symbols/isNotAPointer',
    provoke: watch('*store.journal.pending'),
    cause: /is not a pointer: its type is uint32_t/,
    where: /^store\.journal\.pending /,
    remedy: /Use a pointer or an array here/,
  },
  {
    message: 'symbols/isNotANumber',
    provoke: watch('-store'),
    cause: /is not a number: its type is struct store/,
    where: /^store /,
    remedy: /Use a number here/,
  },
  {
    message: 'symbols/hasNoAddress',
    provoke: watch('&(1 + 2)'),
    cause: /has no address/,
    where: /1 \+ 2/,
    remedy: /Use a variable in memory/,
  },
  {
    message: 'symbols/cannotBeAssigned',
    provoke: repl('(1 + 2) = 3'),
    cause: /cannot be assigned/,
    where: /1 \+ 2/,
    remedy: /Assign to a variable, a member, a register or memory/,
  },
  {
    message: 'symbols/typesDiffer',
    provoke: repl('store.journal = store.statistics'),
    cause: /has the type struct statistics/,
    where: /^store\.statistics /,
    remedy: /expected struct journal.*Assign a value of the expected type/,
  },
  {
    message: 'symbols/memoryIsUnreadable',
    provoke: watch('*(int *)16 + 1'),
    cause: /cannot be read/,
    where: /The memory at 0x10 /,
    remedy: /Check the pointer/,
  },
  {
    message: 'symbols/typeIsIncomplete',
    provoke: watch('*(void *)statistics'),
    cause: /is only declared/,
    where: /^The target of \(void \*\)statistics/,
    remedy: /Load symbols that define it/,
  },
  {
    message: 'symbols/divisionByZero',
    provoke: watch('1 / 0'),
    cause: /divides by zero/,
    where: /^The expression/,
    remedy: /Check the divisor/,
  },
  {
    message: 'symbols/callsAreRefused',
    provoke: watch('statistics_sample(0)'),
    cause: /would call a guest function, which expressions cannot do/,
    where: /^statistics_sample\(/,
    remedy: /Use only variables, registers and memory/,
  },
  {
    message: 'symbols/badCount',
    provoke: watch('store.journal.pending @ 0'),
    cause: /Invalid element count 0/,
    where: /after @/,
    remedy: /Use a positive number/,
  },
];
