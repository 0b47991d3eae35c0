import type { GuestAddress, Position } from '../base/quantities.ts';
import type { RequestLog } from '../block/blockRequest.ts';
import type { EventPort, QueryPort } from './ports/inputPort.ts';

/** An event from outside the machine, delivered as one step. */
export type OutsideEvent =
  /** A device receives an event on its input port. The port's format defines the payload (see `ports/inputPort.ts`). */
  | { kind: 'input'; port: number; payload: Uint8Array }
  /**
   * The clock jumps forward while every hart is waiting. `nanoseconds` is the virtual time to skip, which is more than
   * 0.
   */
  | { kind: 'clockJump'; nanoseconds: number }
  /** The debugger writes to RAM. `address` is a guest physical address, and the whole range lies in RAM. */
  | { kind: 'memoryWrite'; address: GuestAddress; bytes: Uint8Array }
  /** The debugger writes a register: an integer register (1 to 31) or the program counter (32). */
  | { kind: 'registerWrite'; register: number; value: bigint };

/** The part of the machine's state that an input source may use. */
export interface InputStatus {
  position: Position;
  /** Virtual time: one nanosecond per step, plus all clock jumps and skipped idle time. */
  nanoseconds: number;
  /**
   * The virtual time from which the device at an input port accepts another event; Infinity while it is not listening.
   */
  readyNanoseconds(port: EventPort<unknown>): number;
  /** Whether all harts are waiting for an interrupt. */
  idle: boolean;
  /**
   * If the machine is idle, the virtual time at which one of its timers or devices ends the wait; Infinity if none
   * will.
   */
  wakeNanoseconds: number;
}

/**
 * The only interface through which data from outside enters the machine. It has three implementations, for live,
 * recording and replaying sessions, and the machine behaves the same with each. Delivering an event is a separate step.
 * Answering a device's query is part of the step in which the device makes the query.
 */
export interface Inputs extends RequestLog {
  /**
   * The earliest position at which `takeEvent` may return an event if the machine keeps executing (one nanosecond per
   * step); Infinity if no event is expected yet. Called at each boundary, several thousand times a second, so it must
   * be cheap.
   */
  nextPosition(status: InputStatus): Position;
  /**
   * The event to deliver as the step at `status.position`, or undefined for none. Called at boundaries, at least at the
   * position that `nextPosition` returned and whenever the machine is idle. If it returns undefined while the machine
   * is idle, the run ends if `wakeNanoseconds` is Infinity; otherwise, the machine advances its clock to
   * `wakeNanoseconds` (a deterministic idle step).
   */
  takeEvent(status: InputStatus): OutsideEvent | undefined;
  /** The payload of the answer to a query that a device makes in the step at `position`. */
  answer<Query>(position: Position, port: QueryPort<Query, unknown>, query: Query): Uint8Array;
}
