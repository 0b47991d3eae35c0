import type { TestContext } from 'node:test';
import { DapClient, demoLaunch, source } from '../../support/dapClient.ts';
import { Sandbox } from '../../support/cli.ts';
import { liveScene, type Scene, scopeOf, started, unverified, unwatchable } from './dap.ts';
import type { Row } from './rows.ts';

const STATISTICS = { path: source('demo/statistics.c') };
const here = liveScene;

/** A breakpoint on a line that has code, with one invalid property. */
const onLine = (detail: object) =>
  unverified((t) => started(t), 'setBreakpoints', { source: STATISTICS, breakpoints: [{ line: 18, ...detail }] });

const atAddress = (instructionReference: string) =>
  unverified((t) => started(t), 'setInstructionBreakpoints', { breakpoints: [{ instructionReference }] });

/** A session that was launched without debugging, before the guest runs. */
async function withoutDebugging(t: TestContext): Promise<Scene> {
  const sandbox = new Sandbox(t);
  const dap = new DapClient(t);
  await dap.request('initialize', { adapterID: 'blkreplay' });
  await dap.request('launch', demoLaunch(sandbox, { noDebug: true }));
  await dap.event('initialized');
  return { dap, sandbox };
}

const registers =
  (name: string, frame = 0, scope = 2) =>
  async (scene: Scene) => ({
    variablesReference: await scopeOf(scene, scope, frame),
    name,
  });

/** Breakpoints that are not set, and the messages that the editor shows next to them. */
export const breakpointRows: readonly Row[] = [
  {
    message: 'stopPoints/hitConditionIsInvalid',
    provoke: onLine({ hitCondition: 'often' }),
    cause: /Invalid hit condition "often".*expected a number of hits/,
    where: /at column 1/,
    remedy: /Use 5, > 5/,
  },
  {
    message: 'stopPoints/conditionIsInvalid',
    provoke: onLine({ condition: 'nobody > 1' }),
    cause: /Invalid condition "nobody > 1".*There is no variable/,
    where: /at column 1/,
    remedy: /Check the spelling/,
  },
  {
    message: 'stopPoints/logMessageIsInvalid',
    provoke: onLine({ logMessage: 'level {level' }),
    cause: /Invalid log message "level \{level".*the brace is not closed/,
    where: /at column 7/,
    remedy: /Write \\\{ for a literal brace/,
  },
  {
    message: 'dap/noCodeAt',
    provoke: unverified((t) => started(t), 'setBreakpoints', { source: STATISTICS, breakpoints: [{ line: 9999 }] }),
    cause: /contain no code/,
    where: /line 9999/,
    remedy: /on an earlier line/,
  },
  {
    message: 'dap/noFunction',
    provoke: unverified((t) => started(t), 'setFunctionBreakpoints', { breakpoints: [{ name: 'nowhere' }] }),
    cause: /contain no function/,
    where: /"nowhere"/,
    remedy: /Check the name, or add the ELF file that contains it to "symbols"/,
  },
  {
    message: 'dap/nothingAt',
    provoke: atAddress('0x40000000'),
    cause: /No memory is currently mapped/,
    where: /at 0x40000000/,
    remedy: /takes effect when the program counter reaches this address/,
  },
  {
    message: 'dap/noInstructionAt',
    provoke: atAddress('0x80000001'),
    cause: /No instruction starts/,
    where: /at 0x80000001/,
    remedy: /Use an even address/,
  },
  {
    message: 'dap/driveUnknown',
    provoke: unverified(here, 'blkreplay/setEventBreakpoints', {
      breakpoints: [{ kind: 'disk', drive: 'hd7', requests: ['write'] }],
    }),
    cause: /The machine has no drive/,
    where: /"hd7"/,
    remedy: /Its drives: "hd0"/,
  },
  {
    message: 'dap/panicIsUnknown',
    provoke: unverified((t) => started(t, { panicFunctions: ['nowhere'] }), 'setExceptionBreakpoints', {
      filters: ['guestPanic'],
    }),
    cause: /contain no function/,
    where: /"nowhere"/,
    remedy: /Set "panicFunctions" or "panicTexts" in the launch configuration/,
  },
  {
    message: 'dap/notWithoutDebugging',
    provoke: unverified(withoutDebugging, 'setFunctionBreakpoints', { breakpoints: [{ name: 'store_open' }] }),
    cause: /^Not set/,
    where: /this session runs without debugging/,
    remedy: /Press F5 instead of Ctrl\+F5/,
  },
  {
    message: 'dap/changesAlways',
    provoke: unwatchable(here, registers('pc')),
    cause: /changes with every step/,
    where: /^pc /,
    remedy: /set an instruction breakpoint/,
  },
  {
    message: 'dap/neverChanges',
    provoke: unwatchable(here, registers('zero')),
    cause: /is not a register whose value can change/,
    where: /^zero /,
    remedy: /Select another register/,
  },
  {
    message: 'dap/notInThisFrame',
    provoke: unwatchable(here, registers('s0', 1)),
    cause: /is a register in the frame of a calling function/,
    where: /^s0 /,
    remedy: /Select that frame/,
  },
  {
    message: 'dap/notInMemory',
    provoke: unwatchable(here, () => Promise.resolve({ name: '1 + 1' })),
    cause: /is not in memory, so accesses to it cannot be detected/,
    where: /^1 \+ 1 /,
    remedy: /Select a register or a variable in memory/,
  },
  {
    message: 'dap/stopTexts.withoutValue',
    provoke: async (t) => {
      const { dap } = await started(t);
      const breakpoints = [{ line: 18, condition: '*(int *)(now_us * 0 + 16) == 1' }];
      await dap.request('setBreakpoints', { source: STATISTICS, breakpoints });
      return { text: (await dap.until('continue')).text as string };
    },
    cause: /cannot be evaluated: The memory at 0x10 cannot be read/,
    where: /The condition "\*\(int \*\)\(now_us \* 0 \+ 16\) == 1"/,
    remedy: /Check the pointer/,
  },
];
