import type { Inspector } from '../machine/inspector.ts';

/** Distinguishes executions of the same instruction by hart, stack depth, privilege mode and address space. */
export interface CodeContext {
  hart: number;
  pc: bigint;
  stackPointer: bigint;
  privilege: number;
  satp: bigint;
}

export const STACK_POINTER = 2;
const SATP = 0x180;

export function contextOf(inspector: Inspector): CodeContext {
  return {
    hart: inspector.hart,
    pc: inspector.pc,
    stackPointer: inspector.register(STACK_POINTER),
    privilege: inspector.privilege,
    satp: inspector.csr(SATP)!,
  };
}

export const isSameContext = (a: CodeContext, b: CodeContext): boolean =>
  a.hart === b.hart &&
  a.pc === b.pc &&
  a.stackPointer === b.stackPointer &&
  a.privilege === b.privilege &&
  a.satp === b.satp;
