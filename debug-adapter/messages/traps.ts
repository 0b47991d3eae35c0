import { quoted } from './shown.ts';

/**
 * Strings about traps: names from the RISC-V manual, the exception breakpoints that an editor lists, and descriptions
 * of traps and of page-table walks.
 */

/** The names of the exceptions, by exception code (RISC-V manual, volume II, "Machine Cause Register"). */
export const exceptionNames: Readonly<Record<number, string>> = {
  0: 'Instruction address misaligned',
  1: 'Instruction access fault',
  2: 'Illegal instruction',
  3: 'Breakpoint (ebreak)',
  4: 'Load address misaligned',
  5: 'Load access fault',
  6: 'Store/AMO address misaligned',
  7: 'Store/AMO access fault',
  8: 'Environment call from U-mode',
  9: 'Environment call from S-mode',
  11: 'Environment call from M-mode',
  12: 'Instruction page fault',
  13: 'Load page fault',
  15: 'Store/AMO page fault',
};

/** The names of the interrupts, by exception code (same table). */
export const interruptNames: Readonly<Record<number, string>> = {
  1: 'Supervisor software interrupt',
  3: 'Machine software interrupt',
  5: 'Supervisor timer interrupt',
  7: 'Machine timer interrupt',
  9: 'Supervisor external interrupt',
  11: 'Machine external interrupt',
};

/** The items in an editor's list of exception breakpoints, except for the names of the exceptions. */
export const exceptionFilterTexts = {
  withoutHandler: () => 'Trap without a handler',
  withoutHandlerDescription: () =>
    'Stops before a trap whose handler cannot be executed: its address is 0 or not in RAM. Without this stop, the guest would trap endlessly.',
  guestPanic: () => 'Guest panic',
  guestPanicDescription: () =>
    'Stops when the guest calls a function listed in "panicFunctions" or prints a text listed in "panicTexts".',
  interrupts: () => 'Interrupts',
  interruptsDescription: () => 'Stops before each interrupt that a hart takes.',
  reset: () => 'Reset',
  resetDescription: () => 'Stops before a reset that the guest requests.',
  exceptionDescription: (cause: number) => `Stops before exceptions with cause ${cause}.`,
  condition: () => 'A C expression, for example $a7 == 64 or $tval == 0',
};

/** The description of a trap, with one line for each topic. */
export const trapTexts = {
  exception: (name: string, code: number, tval: string) => `${name} (cause ${code}, tval ${tval})`,
  cause: (name: string, code: number) => `${name} (cause ${code})`,
  unknownException: (code: number) => `Exception ${code}`,
  unknownInterrupt: (code: number) => `Interrupt ${code}`,
  reset: () => 'Reset requested by the guest',
  instruction: (at: { pc: string; symbol: string | undefined; instruction: string | undefined }) =>
    `Instruction (epc): ${at.pc}${at.symbol ? ` ${at.symbol}` : ''}${at.instruction ? `: ${at.instruction}` : ''}`,
  value: (value: string) => `Value (tval): ${value}`,
  modes: (modes: { from: string; to: string; handler: string }) =>
    `Mode: ${modes.from}, handled in ${modes.to} at ${modes.handler}`,
  withoutHandler: () => 'No handler: its address is 0 or not in RAM',
  hart: (hart: number) => `Hart: ${hart}`,
  guestPanic: (label: string) => `The guest panicked: ${label}`,
  panicCalled: (name: string) => `${name} was called`,
  panicPrinted: (text: string) => `it printed ${quoted(text)}`,
};

export const modeNames: Readonly<Record<number, string>> = { 0: 'U-mode', 1: 'S-mode', 3: 'M-mode' };

/** The description of a page-table walk, with one line for each entry. */
export const walkTexts = {
  heading: (walk: { scheme: string; root: string; mode: string }) =>
    `Page tables: ${walk.scheme}, root at ${walk.root}, access in ${walk.mode}`,
  entry: (entry: { level: number; address: string; value: string; flags: string; meaning: string }) =>
    `Level ${entry.level}: entry at ${entry.address} is ${entry.value} (${entry.flags}): ${entry.meaning}`,
  entryOutsideRam: ({ level, address }: { level: number; address: string }) =>
    `Level ${level}: entry at ${address}: not in RAM`,
  noFlags: () => 'no flags',
  pointer: (table: string) => `points to the table at ${table}`,
  page: (page: string) => `maps the page at ${page}`,
  mapped: () => 'The page tables permit this access now.',
  problem: (problem: string) => WALK_PROBLEMS[problem] ?? problem,
};

const WALK_PROBLEMS: Readonly<Record<string, string>> = {
  notCanonical: 'The address is not canonical: its upper bits must all equal the highest translated bit.',
  tableNotInRam: 'not in RAM',
  notValid: 'not valid (V is 0)',
  writableButNotReadable: 'reserved: writable but not readable',
  reservedMemoryType: 'reserved memory type (PBMT is 3)',
  reservedBits: 'reserved bits are set',
  leafBitsInPointer: 'points to a table, but A, D, U or PBMT is set',
  noLeaf: 'not a leaf (R and X are 0), and there is no lower level',
  misalignedSuperpage: 'misaligned superpage',
  userPage: 'S-mode cannot execute a user page',
  userPageWithoutSum: 'S-mode cannot access a user page while mstatus.SUM is 0',
  supervisorPage: 'U-mode cannot access a supervisor page (U is 0)',
  notReadable: 'not readable (R is 0)',
  notWritable: 'not writable (W is 0)',
  notExecutable: 'not executable (X is 0)',
};
