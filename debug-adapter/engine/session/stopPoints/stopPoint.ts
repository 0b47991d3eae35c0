import type { Predicate } from '../../target/predicate.ts';
import type { ConsolePoint, DiskPoint, RegisterPoint, Trap, TrapPoint, Watchpoint } from '../../target/stopPoints.ts';
import type { BreakpointId } from '../stopReason.ts';

/**
 * A stop point, as requested by a front end. It is plain data, except for functions such as those that evaluate its
 * condition and its log message.
 */
export interface StopPoint {
  what: StopPointKind;
  /**
   * Whether the stop point exists in the machine's current state. For example, it does not exist while its program is
   * not in memory. This function is called before the condition is evaluated, and must not change anything. By default,
   * the stop point always exists.
   */
  exists?: () => boolean;
  /** If this condition does not hold, the stop point does not count as reached. */
  condition?: Condition;
  /** Which hits stop the run. The stop point is hit each time it is reached and its condition holds. */
  hitCondition?: HitCondition;
  /**
   * An earlier stop point with the same hit condition and log message, for example at another address of an inlined
   * function. The hits of both are counted together.
   */
  countsWith?: BreakpointId;
  /** The message to print at each hit, instead of stopping the run. */
  logMessage?: LogMessage;
  /** If given, only the hart with this number can reach the stop point. */
  hart?: number;
  /** If given, the stop point can be reached only while satp has this value. */
  addressSpace?: bigint;
  /**
   * For a breakpoint at the first instruction of inlined functions: how many of these functions, counted from the
   * outermost, contain the breakpoint. By default, the breakpoint is at the call site.
   */
  inlineDepth?: number;
  /** A stop point that is not enabled has no effect. Stop points are enabled by default. */
  enabled?: boolean;
}

/** The event that triggers a stop point. */
export type StopPointKind =
  /** The execution of the instruction at a virtual address. */
  | { kind: 'execute'; address: bigint }
  /**
   * An access to a range of memory. The virtual address is translated only once, when the stop point is added, so that
   * the same bytes are watched, regardless of the address that is used to access them.
   */
  | { kind: 'access'; address: bigint; lengthBytes: number; access: Watchpoint['access'] }
  /** A change to a register or CSR. */
  | { kind: 'register'; register: RegisterPoint['what'] }
  | ({ kind: 'trap' } & Omit<TrapPoint, 'id'>)
  | ({ kind: 'disk' } & Omit<DiskPoint, 'id'>)
  | ({ kind: 'console' } & Omit<ConsolePoint, 'id'>);

/** A condition that can be evaluated when its stop point is reached. */
export interface Condition {
  /** The text, as the user wrote it. */
  readonly text: string;
  /**
   * Evaluates the condition in the machine's current state; for a trap point, `trap` is the trap that is about to
   * occur. Throws a UserError if the condition has no value; the stop point then stops the run, and the error is
   * reported.
   */
  holds(trap?: Trap): boolean;
  /** The same condition in a form that the machine can evaluate, if there is one. */
  readonly predicate?: Predicate;
}

/** Which hits of a stop point stop the run. Hits are numbered from 1. */
export interface HitCondition {
  /** The text, as the user wrote it. */
  readonly text: string;
  stopsAt(hit: number): boolean;
}

/** The message of a logpoint. */
export interface LogMessage {
  /** The text, as the user wrote it. */
  readonly text: string;
  /**
   * Evaluates the message in the machine's current state; for a trap point, `trap` is the trap that is about to occur.
   * Does not throw: an expression without a value is shown as its error.
   */
  evaluate(trap?: Trap): string;
}
