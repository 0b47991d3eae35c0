import type { GuestAddress, Position } from '../base/quantities.ts';

/**
 * Where a run is to stop: breakpoints on virtual addresses and watchpoints on bytes of RAM. They belong to whoever runs
 * the machine and are no part of its state: setting them changes nothing that happens.
 */
export interface StopPoints {
  /** Stops before the instruction at one of these executes. */
  breakpoints: ReadonlySet<bigint>;
  /** Asked at each of them: whether to stop there now. Without it always. Must only look. */
  accepts?: (pc: bigint) => boolean;
  /** Stops after the step that touched one. */
  watchpoints: readonly Watchpoint[];
}

export interface Watchpoint {
  id: number;
  /** Guest physical: whatever virtual address, and whichever device, the access comes by. */
  address: GuestAddress;
  lengthBytes: number;
  access: 'read' | 'write' | 'readWrite';
}

export interface WatchHit {
  id: number;
  access: 'read' | 'write';
  /** All of the watched bytes before and after the step; equal for a read, or a write of the same value. */
  oldBytes: Uint8Array;
  newBytes: Uint8Array;
  /** Steps before the one that touched it. */
  position: Position;
}

export const NO_STOP_POINTS: StopPoints = { breakpoints: new Set(), watchpoints: [] };
