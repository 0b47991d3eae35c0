/**
 * A frame: one activation of a function, with the register values of that activation. The innermost frame has the
 * machine's registers; a caller's registers are computed from those of its callee with the call frame information
 * (DWARF 5, section 6.4). A register that the callee may have overwritten without saving it is `undefined`.
 */
export interface Frame {
  /** The address of the frame's next instruction; in a caller, the return address. */
  readonly pc: bigint;
  /**
   * The address for looking up lines and variables. In a caller it is `pc - 1`, since a call may be the last
   * instruction of its line, block or function. In the innermost frame and in an interrupted frame it is pc.
   */
  readonly lookupPc: bigint;
  /** The number of calls between this frame and the innermost frame, whose depth is 0. */
  readonly depth: number;
  /** Canonical frame address: the value of sp at the call. Computed on first use; undefined if no rule defines it. */
  readonly cfa: bigint | undefined;
  /** Whether the frame was entered by a trap (CIE augmentation 'S'). If so, its caller is the interrupted code. */
  readonly isSignalFrame: boolean;
  /**
   * Whether the frame's function ended with a tail call. Such a frame is shown although it no longer exists on the
   * stack; its function will not continue at `pc`.
   */
  readonly isTailCall?: boolean;
  /** The value of a register by its DWARF number: 0-31 are x0-x31, 32-63 are f0-f31, 4096 + n is CSR n. */
  register(dwarfNumber: number): bigint | undefined;
  readonly view: FrameView;
}

/** Access to the machine state that is needed for unwinding and for reading variables. */
export interface FrameView {
  pc: bigint;
  /** The value of a register by its DWARF number; undefined for registers that the machine does not have. */
  readRegister(dwarfNumber: number): bigint | undefined;
  /** The bytes at a virtual address; undefined unless all of them are readable. Each call translates the address. */
  readMemory(address: bigint, lengthBytes: number): Uint8Array | undefined;
  /**
   * Looks up a `$name` that occurs in an expression. Called for CSRs and other registers that `registerNumber` does not
   * find.
   */
  registerNamed?(name: string): bigint | undefined;
}

/** The result of unwinding one frame. */
export type UnwindResult =
  | { kind: 'caller'; frame: Frame }
  /** The return address is undefined or 0: the frame has no caller. */
  | { kind: 'outermost' }
  /** There is neither call frame information nor a prologue to analyze. */
  | { kind: 'noUnwindInformation' }
  /** The stack is unreadable, or the CFA does not increase from callee to caller. */
  | { kind: 'badStack' }
  | { kind: 'tooDeep' };
