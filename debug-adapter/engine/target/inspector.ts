import type { GuestAddress } from '../base/quantities.ts';

/** Reads the state of one hart, and memory as this hart sees it, without changing anything. */
export interface Inspector {
  /** The number of the inspected hart. */
  readonly hart: number;
  readonly pc: bigint;
  /** The privilege mode: 0 U, 1 S, 3 M. */
  readonly privilege: number;
  /** The CSRs that the hart implements. */
  readonly csrs: readonly { name: string; number: number }[];
  /** The value of an integer register, 0 to 31. */
  register(index: number): bigint;
  /** All 64 bits of a floating-point register. */
  float(index: number): bigint;
  /** The value that M-mode would read from a CSR; undefined if the CSR does not exist. */
  csr(number: number): bigint | undefined;
  /** The bytes at a virtual address, truncated at the first unreadable page. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array;
  /** The physical address of a virtual address, regardless of permissions; undefined if it is not mapped. */
  translate(address: bigint): GuestAddress | undefined;
  /** The bytes at a physical address; undefined if not all of them are in RAM. */
  readPhysical(address: GuestAddress, lengthBytes: number): Uint8Array | undefined;
  /** Whether a range of physical addresses lies entirely in RAM. Only RAM can be watched or written. */
  isRam(address: GuestAddress, lengthBytes: number): boolean;
}
