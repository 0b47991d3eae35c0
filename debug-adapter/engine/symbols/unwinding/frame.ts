/**
 * A frame: one activation of a function, as registers that answer for that activation. The newest one's come from the
 * machine; a caller's are computed from the callee's by the call frame information (DWARF 5, section 6.4). A register
 * that the callee may have overwritten without saving is `undefined`: no wrong values.
 */
export interface Frame {
  /** The next instruction of this frame: for a caller, where the call returns to. */
  readonly pc: bigint;
  /**
   * What to look lines and variables up with: `pc - 1` where pc is a return address, since a call may be the last
   * instruction of a line, block or function; pc itself in the newest frame and in an interrupted one.
   */
  readonly lookupPc: bigint;
  /** 0 for the newest. */
  readonly depth: number;
  /** Canonical frame address: sp at the call. Computed when first asked for; undefined where no rule tells. */
  readonly cfa: bigint | undefined;
  /** Entered by a trap, not by a call: its caller was interrupted (CIE augmentation 'S'). */
  readonly isSignalFrame: boolean;
  /** By DWARF number: x0-x31 are 0-31, f0-f31 32-63, CSR n is 4096 + n. */
  register(dwarfNumber: number): bigint | undefined;
  readonly view: FrameView;
}

/** The machine as frames see it. */
export interface FrameView {
  pc: bigint;
  /** By DWARF number; undefined for what the machine has not. */
  readRegister(dwarfNumber: number): bigint | undefined;
  /** Bytes at a virtual address; undefined when not all of them can be read. Costs a translation of the address. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array | undefined;
  /** `$name` in expressions beyond x0-x31, their ABI names, pc and fp: CSRs, floats. */
  registerNamed?(name: string): bigint | undefined;
}

export type UnwindResult =
  | { kind: 'caller'; frame: Frame }
  /** The return address is undefined or 0: nobody called. */
  | { kind: 'outermost' }
  /** No rule and no prologue to read one from. */
  | { kind: 'noUnwindInformation' }
  /** The stack cannot be read, or it does not grow from frame to frame. */
  | { kind: 'badStack' }
  | { kind: 'tooDeep' };
