import type { Inspector } from '../machine/inspector.ts';
import { type CodeContext, contextOf } from './codeContext.ts';

/** The mode that handles a trap: 1 is supervisor mode, 3 is machine mode. */
export type TrapMode = 1 | 3;

export interface Trap {
  isInterrupt: boolean;
  /** The interrupted code, at the pc to which the trap handler returns. */
  interrupted: CodeContext;
}

const TRAP_CSRS = {
  1: { status: 0x100, previousBit: 8n, previousMask: 1n, vector: 0x105, epc: 0x141, cause: 0x142 },
  3: { status: 0x300, previousBit: 11n, previousMask: 3n, vector: 0x305, epc: 0x341, cause: 0x342 },
} as const;
const INTERRUPT = 1n << 63n;
// With vectored interrupts, the handler for cause n starts at base + 4n. The standard defines 16 causes.
const VECTORS = 16;

/**
 * The trap whose handler is about to execute its first instruction. At that instruction, the CSRs still describe the
 * trap (Privileged Architecture, "CSR Listing" and the xstatus registers). Undefined in user mode, which has no
 * handlers.
 */
export function trapAt(inspector: Inspector): Trap | undefined {
  const { privilege } = inspector;
  if (privilege !== 1 && privilege !== 3) return undefined;
  const { status, previousBit, previousMask, epc, cause } = TRAP_CSRS[privilege];
  return {
    isInterrupt: (inspector.csr(cause)! & INTERRUPT) !== 0n,
    // Entering a trap does not change the stack pointer or satp.
    interrupted: {
      ...contextOf(inspector),
      pc: inspector.csr(epc)!,
      privilege: Number((inspector.csr(status)! >> previousBit) & previousMask),
    },
  };
}

/** The addresses at which a mode's trap handlers begin. */
export function handlersOf(inspector: Inspector, mode: TrapMode): bigint[] {
  const vector = inspector.csr(TRAP_CSRS[mode].vector)!;
  const base = vector & ~3n;
  return (vector & 3n) === 0n ? [base] : Array.from({ length: VECTORS }, (_, cause) => base + 4n * BigInt(cause));
}
