/** Bits of `mstatus` and `sstatus` (Volume II, "Machine Status Registers"). */
export const MSTATUS = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
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

/** UXL and SXL: both fixed at 2, for 64 bits. */
export const MSTATUS_XL = (2n << 32n) | (2n << 34n);

export const MSTATUS_WRITABLE =
  MSTATUS.SIE |
  MSTATUS.MIE |
  MSTATUS.SPIE |
  MSTATUS.MPIE |
  MSTATUS.SPP |
  MSTATUS.MPP |
  MSTATUS.FS |
  MSTATUS.MPRV |
  MSTATUS.SUM |
  MSTATUS.MXR |
  MSTATUS.TVM |
  MSTATUS.TW |
  MSTATUS.TSR;

export const SSTATUS_WRITABLE = MSTATUS.SIE | MSTATUS.SPIE | MSTATUS.SPP | MSTATUS.FS | MSTATUS.SUM | MSTATUS.MXR;
/** Read-only: set while any unit's state is dirty. FS is the only such state here. */
export const MSTATUS_SD = 1n << 63n;

/** The bits visible in S-mode: the writable ones, UXL and SD. */
export const SSTATUS_READABLE = BigInt(SSTATUS_WRITABLE) | (2n << 32n) | MSTATUS_SD;

/** Interrupt numbers, which are bit numbers in mip and mie. */
export const IRQ = { SSI: 1, MSI: 3, STI: 5, MTI: 7, SEI: 9, MEI: 11 } as const;
export const SUPERVISOR_INTERRUPTS = (1 << IRQ.SSI) | (1 << IRQ.STI) | (1 << IRQ.SEI);
export const ALL_INTERRUPTS = SUPERVISOR_INTERRUPTS | (1 << IRQ.MSI) | (1 << IRQ.MTI) | (1 << IRQ.MEI);
