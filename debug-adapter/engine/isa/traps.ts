/**
 * Traps (Volume II, "Machine Cause Register", "Machine Status Registers", "Machine Trap-Vector Base-Address Register"
 * and the corresponding supervisor registers): causes, the registers that a trap writes in each mode, and the addresses
 * of the handlers. The hart's generated code (machine/cpu/privilege.ts, csrTable.ts) and the session use these
 * definitions.
 */

export const PRIVILEGE = { USER: 0, SUPERVISOR: 1, MACHINE: 3 } as const;

/** The bit of `xcause` that is set for an interrupt. The other bits contain a code from `EXCEPTION` or `IRQ`. */
export const INTERRUPT_BIT = 1n << 63n;

/** The exception codes in `mcause`. */
export const EXCEPTION = {
  INSTRUCTION_MISALIGNED: 0,
  INSTRUCTION_ACCESS_FAULT: 1,
  ILLEGAL_INSTRUCTION: 2,
  BREAKPOINT: 3,
  LOAD_MISALIGNED: 4,
  LOAD_ACCESS_FAULT: 5,
  STORE_MISALIGNED: 6,
  STORE_ACCESS_FAULT: 7,
  /** The first of the ECALL exceptions. The cause is this number plus the number of the privilege mode. */
  ECALL: 8,
  INSTRUCTION_PAGE_FAULT: 12,
  LOAD_PAGE_FAULT: 13,
  STORE_PAGE_FAULT: 15,
} as const;

/** The cause of a fault, by the kind of access that faulted. */
export interface FaultCauses {
  fetch: number;
  load: number;
  store: number;
}
export const ACCESS_FAULT: FaultCauses = {
  fetch: EXCEPTION.INSTRUCTION_ACCESS_FAULT,
  load: EXCEPTION.LOAD_ACCESS_FAULT,
  store: EXCEPTION.STORE_ACCESS_FAULT,
};
export const PAGE_FAULT: FaultCauses = {
  fetch: EXCEPTION.INSTRUCTION_PAGE_FAULT,
  load: EXCEPTION.LOAD_PAGE_FAULT,
  store: EXCEPTION.STORE_PAGE_FAULT,
};

/** The interrupt numbers, which are also the bit numbers in `mip` and `mie`. */
export const IRQ = { SSI: 1, MSI: 3, STI: 5, MTI: 7, SEI: 9, MEI: 11 } as const;

/** The order in which simultaneous interrupts are taken ("Machine Interrupt Registers"). */
export const IRQ_PRIORITY = [IRQ.MEI, IRQ.MSI, IRQ.MTI, IRQ.SEI, IRQ.SSI, IRQ.STI] as const;

const maskOf = (numbers: readonly number[]): number => numbers.reduce((mask, number) => mask | (1 << number), 0);

export const ALL_INTERRUPTS = maskOf(IRQ_PRIORITY);
/** The interrupts that can be delegated to S-mode. */
export const SUPERVISOR_INTERRUPTS = maskOf([IRQ.SSI, IRQ.STI, IRQ.SEI]);
/** The exceptions that can be delegated to S-mode: all except an ECALL from M-mode. */
export const DELEGABLE_EXCEPTIONS = maskOf([...Object.values(EXCEPTION), EXCEPTION.ECALL + PRIVILEGE.SUPERVISOR]);

/** Bits of `mstatus` and `sstatus`. */
export const MSTATUS = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  SPP_SHIFT: 8,
  MPP: 3 << 11,
  MPP_SHIFT: 11,
  /** The state of the floating-point unit: 0 off, 1 initial, 2 clean, 3 dirty. */
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;

/** The CSRs and the bits of `mstatus` that a trap writes, indexed by the mode that handles the trap. */
export const TRAP_REGISTERS = {
  [PRIVILEGE.SUPERVISOR]: {
    status: 'sstatus',
    vector: 'stvec',
    cause: 'scause',
    epc: 'sepc',
    value: 'stval',
    /**
     * The interrupt-enable bit, and the fields in which a trap saves the previous values of this bit and of the
     * privilege mode.
     */
    enabled: MSTATUS.SIE,
    previousEnabled: MSTATUS.SPIE,
    previousPrivilege: MSTATUS.SPP,
    previousPrivilegeShift: MSTATUS.SPP_SHIFT,
  },
  [PRIVILEGE.MACHINE]: {
    status: 'mstatus',
    vector: 'mtvec',
    cause: 'mcause',
    epc: 'mepc',
    value: 'mtval',
    enabled: MSTATUS.MIE,
    previousEnabled: MSTATUS.MPIE,
    previousPrivilege: MSTATUS.MPP,
    previousPrivilegeShift: MSTATUS.MPP_SHIFT,
  },
} as const;

export type TrapMode = keyof typeof TRAP_REGISTERS;

/**
 * The low bits of `xtvec` select the mode. In vectored mode, the handler of interrupt n begins n entries after the
 * base address. All exceptions are handled at the base address.
 */
export const VECTOR = { MODE: 3, DIRECT: 0, VECTORED: 1, ENTRY_BYTES: 4, ENTRIES: 16 } as const;

/** The addresses of the trap handlers that a value of `xtvec` selects. */
export function handlerAddresses(vector: bigint): bigint[] {
  const base = vector & ~BigInt(VECTOR.MODE);
  const isVectored = (vector & BigInt(VECTOR.MODE)) !== BigInt(VECTOR.DIRECT);
  const count = isVectored ? VECTOR.ENTRIES : 1;
  return Array.from({ length: count }, (_, cause) => base + BigInt(VECTOR.ENTRY_BYTES * cause));
}
