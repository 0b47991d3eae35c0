import type { UserError } from '../../messages/userError.ts';
import type { StepHit, Trap } from '../target/stopPoints.ts';
import type { End } from '../target/target.ts';

/**
 * Why the machine is stopped, independent of any protocol. Every front end translates the reason into its own protocol.
 */
export type StopReason =
  /** The session has just started. */
  | { kind: 'entry' }
  | { kind: 'step' }
  | { kind: 'breakpoint'; ids: BreakpointId[]; pc: bigint; errors?: ConditionError[] }
  /** The next step is a trap. */
  | { kind: 'trap'; ids: BreakpointId[]; trap: Trap; errors?: ConditionError[] }
  /**
   * If the machine ran forward, the last step reached these stop points. If it ran backward, the next step will reach
   * them. In both directions, the old value is the earlier one in guest time.
   */
  | { kind: 'hit'; hits: StepHit[]; errors?: ConditionError[] }
  | { kind: 'pause' }
  /** The machine reached the position that the front end requested. */
  | { kind: 'goto' }
  | { kind: 'startOfRecording' }
  | { kind: 'endOfRecording' }
  /** The guest powered off, failed, or is halted forever. The machine can still go back. */
  | { kind: 'ended'; end: End };

/** The number of a stop point, unique within its session. */
export type BreakpointId = number;

/** A condition that has no value. The machine stopped at its stop point for this reason. */
export interface ConditionError {
  id: BreakpointId;
  error: UserError;
}
