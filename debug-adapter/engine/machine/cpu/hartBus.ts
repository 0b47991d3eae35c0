/** The machine functions that a hart calls. */
export interface HartBus {
  /** Reads from a device. Returns the low 32 bits; undefined if no device accepts the access. */
  read(address: number, sizeBytes: 1 | 2 | 4 | 8): number | undefined;
  /** Writes to a device. Returns false if no device accepts the access. */
  write(address: number, value: number, sizeBytes: 1 | 2 | 4 | 8): boolean;
  /** The upper 32 bits of an 8-byte access: valid after a read, set before a write. */
  upperHalf: number;
  /** Called at an address that may have a breakpoint. Returns true to stop before the instruction. */
  atBreakpoint(pc: bigint): boolean;
  /**
   * Called for a watched exception, with the cause and tval in the hart's slots. Returns true to stop before it. Must
   * not change these slots.
   */
  atException?(): boolean;
  /** Called when PC is at an EBREAK. Returns true after a semihosting call, which has advanced PC. */
  semihost?(): boolean;
  /** Called on an access to a watched word, before a write and after a read. */
  watched(access: 'read' | 'write', offset: number, lengthBytes: number): void;
}
