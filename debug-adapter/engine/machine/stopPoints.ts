import type { GuestAddress, Position } from '../base/quantities.ts';

/**
 * The breakpoints, on virtual addresses, and watchpoints, on bytes of RAM, at which a run stops. They belong to the
 * caller of the machine and are not part of its state: setting them does not change the execution.
 */
export interface StopPoints {
  /** A run stops before it executes an instruction at one of these addresses. */
  breakpoints: ReadonlySet<bigint>;
  /** Evaluated at each breakpoint: whether to stop there now; default always. Must not change the machine. */
  condition?: (pc: bigint) => boolean;
  /** A run stops after a step that accesses one of them. */
  watchpoints: readonly Watchpoint[];
}

/** A range of watched bytes in RAM. */
export interface Watchpoint {
  id: number;
  /** Guest physical, so it covers accesses through any virtual address and by any device. */
  address: GuestAddress;
  lengthBytes: number;
  access: 'read' | 'write' | 'readWrite';
}

/** An access of one step to the bytes of a watchpoint. */
export interface WatchHit {
  id: number;
  access: 'read' | 'write';
  /** All watched bytes before and after the step; equal for a read or a write of the same value. */
  oldBytes: Uint8Array;
  newBytes: Uint8Array;
  /** The position before the step that accessed the bytes. */
  position: Position;
}

export const NO_STOP_POINTS: StopPoints = { breakpoints: new Set(), watchpoints: [] };
