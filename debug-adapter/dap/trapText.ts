import {
  accessOfPageFault,
  disassembleOne,
  type Inspector,
  isLeafEntry,
  pageAddressIn,
  type PageWalk,
  PTE,
  rootTable,
  type Trap,
  walkForAccess,
  type WalkedEntry,
} from '../engine/index.ts';
import { exceptionNames, interruptNames, modeNames, trapTexts, walkTexts } from '../messages/traps.ts';
import type { Debuggee } from './debuggee.ts';
import { hex } from './variableViews.ts';

/** The name of a trap: `Load page fault`. */
export function trapName({ kind, cause }: Trap): string {
  switch (kind) {
    case 'exception':
      return exceptionNames[cause] ?? trapTexts.unknownException(cause);
    case 'interrupt':
      return interruptNames[cause] ?? trapTexts.unknownInterrupt(cause);
    case 'reset':
      return trapTexts.reset();
  }
}

/**
 * Describes a trap that a hart is about to take, with one line for each topic: cause, instruction, tval, modes and, for
 * a page fault, the walk through the page tables.
 */
export function trapLines(debuggee: Debuggee, trap: Trap): string[] {
  const inspector = debuggee.inspectorOf(trap.hart);
  if (trap.kind === 'reset') return [trapTexts.reset(), instructionLine(debuggee, inspector, trap.pc)];
  const access = trap.kind === 'exception' ? accessOfPageFault(trap.cause) : undefined;
  const walk = access && walkForAccess(inspector, trap.tval, access);
  return [
    trapTexts.cause(trapName(trap), trap.cause),
    instructionLine(debuggee, inspector, trap.pc),
    trapTexts.value(hex(trap.tval)),
    trapTexts.modes({
      from: modeOf(trap.privilege),
      to: modeOf(trap.handlerPrivilege),
      handler: withSymbol(debuggee, trap.handler),
    }),
    ...(hasHandler(debuggee, trap) ? [] : [trapTexts.withoutHandler()]),
    ...(debuggee.hartCount > 1 ? [trapTexts.hart(trap.hart)] : []),
    ...(walk ? walkLines(walk) : []),
  ];
}

const modeOf = (privilege: number): string => modeNames[privilege];

function instructionLine(debuggee: Debuggee, inspector: Inspector, pc: bigint): string {
  const bytes = inspector.readMemory(pc, 4);
  const word = bytes.reduceRight((value, byte) => (value << 8) | byte, 0) >>> 0;
  const isReadable = bytes.length === 4 || (bytes.length === 2 && (word & 3) !== 3);
  const instruction = isReadable ? disassembleOne(word, pc, (address) => symbolAt(debuggee, address)).text : undefined;
  return trapTexts.instruction({ pc: hex(pc), symbol: symbolAt(debuggee, pc), instruction });
}

const symbolAt = ({ symbols }: Debuggee, address: bigint): string | undefined =>
  symbols.matching(address)?.symbolAt(address)?.text;

function withSymbol(debuggee: Debuggee, address: bigint): string {
  const symbol = symbolAt(debuggee, address);
  return symbol ? `${hex(address)} ${symbol}` : hex(address);
}

/** Whether the first instruction of the trap's handler can be fetched. A reset needs no handler. */
export function hasHandler(debuggee: Debuggee, { kind, handler, hart }: Trap): boolean {
  return kind === 'reset' || (handler !== 0n && debuggee.inspectorOf(hart).readMemory(handler, 2).length === 2);
}

// --- the page-table walk -----------------------------------------------------------------------------------------------

function walkLines({ levelCount, satp, privilege, entries, problem }: PageWalk): string[] {
  const heading = walkTexts.heading({
    scheme: levelCount === 3 ? 'Sv39' : 'Sv48',
    root: hex(rootTable(satp)),
    mode: modeOf(privilege),
  });
  const lines = entries.map((entry, i) => entryLine(entry, i === entries.length - 1 ? problem : undefined));
  if (entries.length === 0 && problem) lines.push(walkTexts.problem(problem));
  return [heading, ...lines, ...(problem ? [] : [walkTexts.mapped()])];
}

function entryLine({ level, address, value }: WalkedEntry, problem: PageWalk['problem']): string {
  if (value === undefined) return walkTexts.entryOutsideRam({ level, address: hex(address) });
  const target = hex(pageAddressIn(value));
  const meaning = isLeafEntry(value) ? walkTexts.page(target) : walkTexts.pointer(target);
  return walkTexts.entry({
    ...{ level, address: hex(address), value: hex(value), flags: flagsOf(value) },
    meaning: problem ? walkTexts.problem(problem) : meaning,
  });
}

/** The flags of an entry in the order of their bits, from D to V: `DA--XWRV` without the dashes. */
const flagsOf = (entry: bigint): string =>
  FLAGS.filter(([, bit]) => entry & bit)
    .map(([letter]) => letter)
    .join('') || walkTexts.noFlags();

const FLAGS = [
  ['D', PTE.D],
  ['A', PTE.A],
  ['G', PTE.G],
  ['U', PTE.U],
  ['X', PTE.X],
  ['W', PTE.W],
  ['R', PTE.R],
  ['V', PTE.V],
] as const;
