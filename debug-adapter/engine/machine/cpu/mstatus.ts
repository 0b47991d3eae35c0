import { MSTATUS } from '../../isa/traps.ts';

/** UXL and SXL, which are both fixed at 2 (64 bits). */
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
/** Read-only: set while FS, VS or XS is dirty. Of these fields, only FS is implemented. */
export const MSTATUS_SD = 1n << 63n;

/** The bits visible in S-mode: the writable ones, UXL and SD. */
export const SSTATUS_READABLE = BigInt(SSTATUS_WRITABLE) | (2n << 32n) | MSTATUS_SD;
