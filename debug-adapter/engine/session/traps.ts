import { csrNumber } from '../isa/csrs.ts';
import { handlerAddresses, INTERRUPT_BIT, PRIVILEGE, TRAP_REGISTERS, type TrapMode } from '../isa/traps.ts';
import type { Inspector } from '../target/inspector.ts';
import { type CodeContext, contextOf } from './codeContext.ts';

export interface Trap {
  isInterrupt: boolean;
  /** The interrupted code, at the pc to which the trap handler returns. */
  interrupted: CodeContext;
}

/**
 * The trap whose handler is about to execute its first instruction. At that instruction, the CSRs still describe the
 * trap (Privileged Architecture, "CSR Listing" and the xstatus registers). Undefined in user mode, which has no
 * handlers.
 */
export function trapAt(inspector: Inspector): Trap | undefined {
  const { privilege } = inspector;
  if (privilege !== PRIVILEGE.SUPERVISOR && privilege !== PRIVILEGE.MACHINE) return undefined;
  const { status, previousPrivilege, previousPrivilegeShift, epc, cause } = TRAP_REGISTERS[privilege];
  return {
    isInterrupt: (valueOf(inspector, cause) & INTERRUPT_BIT) !== 0n,
    // Entering a trap does not change the stack pointer or satp.
    interrupted: {
      ...contextOf(inspector),
      pc: valueOf(inspector, epc),
      privilege: Number(valueOf(inspector, status) & BigInt(previousPrivilege)) >> previousPrivilegeShift,
    },
  };
}

/** The start addresses of the trap handlers for a privilege mode. */
export const handlersOf = (inspector: Inspector, mode: TrapMode): bigint[] =>
  handlerAddresses(valueOf(inspector, TRAP_REGISTERS[mode].vector));

const valueOf = (inspector: Inspector, csr: string): bigint => inspector.csr(csrNumber(csr))!;
