import type { Position } from '../base/quantities.ts';
import type { End } from '../timeline/timeline.ts';

/** Why the machine stands where it stands, in the words that every front end translates. */
export type StopReason =
  /** The session begins here. */
  | { kind: 'entry' }
  | { kind: 'step' }
  | { kind: 'breakpoint'; ids: BreakpointId[]; pc: bigint }
  /** Forwards: the last step touched it. Backwards: the next one will, and the values are seen in that order too. */
  | { kind: 'dataBreakpoint'; hits: DataBreakpointHit[] }
  | { kind: 'pause' }
  /** The front end asked for this position. */
  | { kind: 'goto' }
  | { kind: 'startOfRecording' }
  | { kind: 'endOfRecording' }
  /** The guest ended: powered off, failed, or waits for ever. Going back is possible. */
  | { kind: 'ended'; end: End };

export type BreakpointId = number;

export interface DataBreakpointHit {
  id: BreakpointId;
  access: 'read' | 'write';
  /** As they were before the access, and after it, in the order of the guest's time. */
  before: Uint8Array;
  after: Uint8Array;
  /** Steps before the one that touched it. */
  position: Position;
}
