import type { GuestAddress, Position } from '../base/quantities.ts';

/**
 * The breakpoints and watchpoints at which a run stops. Breakpoints are set on virtual addresses, watchpoints on bytes
 * in RAM. They belong to the machine's caller and are not part of the machine's state: setting them does not change the
 * execution.
 */
export interface StopPoints {
  /** A run stops before it executes an instruction at one of these addresses. */
  breakpoints: ReadonlySet<bigint>;
  /**
   * Evaluated when a breakpoint is reached: returns whether to stop there. By default, every breakpoint stops the run.
   * Must not change the machine.
   */
  condition?: (pc: bigint) => boolean;
  /** A run stops after a step that accesses watched bytes. */
  watchpoints: readonly Watchpoint[];
}

/** A range of watched bytes in RAM. */
export interface Watchpoint {
  id: number;
  /** A guest physical address, so the watchpoint covers accesses through any virtual address and by any device. */
  address: GuestAddress;
  lengthBytes: number;
  access: 'read' | 'write' | 'readWrite';
}

/** An access by one step to a watchpoint's bytes. */
export interface WatchHit {
  id: number;
  access: 'read' | 'write';
  /**
   * All watched bytes before and after the step. They are equal if the step only read the bytes or wrote the values
   * that were already there.
   */
  oldBytes: Uint8Array;
  newBytes: Uint8Array;
  /** The position before the step that accessed the bytes. */
  position: Position;
}

export const NO_STOP_POINTS: StopPoints = { breakpoints: new Set(), watchpoints: [] };
