import type { DebugProtocol } from '@vscode/debugprotocol';
import { EXCEPTION, IRQ, type StopPointKind } from '../engine/index.ts';
import { exceptionFilterTexts as texts, exceptionNames } from '../messages/traps.ts';

/** The filter IDs of the exceptions that a hart can take, by exception cause. */
const EXCEPTION_IDS: Readonly<Record<number, string>> = {
  [EXCEPTION.INSTRUCTION_MISALIGNED]: 'instructionMisaligned',
  [EXCEPTION.INSTRUCTION_ACCESS_FAULT]: 'instructionAccessFault',
  [EXCEPTION.ILLEGAL_INSTRUCTION]: 'illegalInstruction',
  [EXCEPTION.BREAKPOINT]: 'ebreak',
  [EXCEPTION.LOAD_MISALIGNED]: 'loadMisaligned',
  [EXCEPTION.LOAD_ACCESS_FAULT]: 'loadAccessFault',
  [EXCEPTION.STORE_MISALIGNED]: 'storeMisaligned',
  [EXCEPTION.STORE_ACCESS_FAULT]: 'storeAccessFault',
  [EXCEPTION.ECALL]: 'ecallFromUser',
  [EXCEPTION.ECALL + 1]: 'ecallFromSupervisor',
  [EXCEPTION.ECALL + 3]: 'ecallFromMachine',
  [EXCEPTION.INSTRUCTION_PAGE_FAULT]: 'instructionPageFault',
  [EXCEPTION.LOAD_PAGE_FAULT]: 'loadPageFault',
  [EXCEPTION.STORE_PAGE_FAULT]: 'storePageFault',
};

const EXCEPTIONS = Object.keys(EXCEPTION_IDS).map(Number);
const INTERRUPTS = Object.values(IRQ);

type TrapKind = Extract<StopPointKind, { kind: 'trap' }>;

/** An exception breakpoint that the client can turn on. A guest panic is not a trap; see `setExceptionBreakpoints`. */
export interface ExceptionFilter {
  shown: DebugProtocol.ExceptionBreakpointsFilter;
  what: TrapKind | 'guestPanic';
}

/** The exception breakpoints, in the order in which an editor lists them. The IDs are stable. */
export const EXCEPTION_FILTERS: readonly ExceptionFilter[] = [
  filter('withoutHandler', texts.withoutHandler(), texts.withoutHandlerDescription(), {
    ...{ kind: 'trap', withoutHandler: true },
    ...{ exceptions: new Set(EXCEPTIONS), interrupts: new Set(INTERRUPTS) },
  }),
  filter('guestPanic', texts.guestPanic(), texts.guestPanicDescription(), 'guestPanic'),
  ...EXCEPTIONS.map((cause) =>
    filter(EXCEPTION_IDS[cause], exceptionNames[cause], texts.exceptionDescription(cause), {
      kind: 'trap',
      exceptions: new Set([cause]),
    }),
  ),
  filter('interrupts', texts.interrupts(), texts.interruptsDescription(), {
    kind: 'trap',
    interrupts: new Set(INTERRUPTS),
  }),
  filter('reset', texts.reset(), texts.resetDescription(), { kind: 'trap', reset: true }),
];

function filter(id: string, label: string, description: string, what: ExceptionFilter['what']): ExceptionFilter {
  return {
    shown: {
      ...{ filter: id, label, description },
      default: id === 'withoutHandler',
      ...{ supportsCondition: true, conditionDescription: texts.condition() },
    },
    what,
  };
}
