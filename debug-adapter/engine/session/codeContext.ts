import { csrNumber } from '../isa/csrs.ts';
import type { Inspector } from '../target/inspector.ts';

/** Distinguishes executions of the same instruction by hart, stack depth, privilege mode and address space. */
export interface CodeContext {
  hart: number;
  pc: bigint;
  stackPointer: bigint;
  privilege: number;
  satp: bigint;
}

export const STACK_POINTER = 2;

export function contextOf(inspector: Inspector): CodeContext {
  return {
    hart: inspector.hart,
    pc: inspector.pc,
    stackPointer: inspector.register(STACK_POINTER),
    privilege: inspector.privilege,
    satp: inspector.csr(csrNumber('satp'))!,
  };
}

export const isSameContext = (a: CodeContext, b: CodeContext): boolean =>
  a.hart === b.hart &&
  a.pc === b.pc &&
  a.stackPointer === b.stackPointer &&
  a.privilege === b.privilege &&
  a.satp === b.satp;
