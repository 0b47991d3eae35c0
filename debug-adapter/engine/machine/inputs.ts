import type { GuestAddress, Position } from '../base/quantities.ts';
import type { RequestLog } from '../block/blockRequest.ts';

/** An event from outside the machine, delivered as one step. */
export type OutsideEvent =
  /** One byte arrives on the UART's receive line. */
  | { kind: 'consoleInput'; byte: number }
  /** The clock jumps forward while every hart is waiting (nanoseconds of virtual time, more than 0). */
  | { kind: 'clockJump'; nanoseconds: number }
  /** The debugger writes to RAM (guest physical address; the range is RAM). */
  | { kind: 'memoryWrite'; address: GuestAddress; bytes: Uint8Array }
  /** The debugger writes an integer register, 1 to 31, or the program counter as number 32. */
  | { kind: 'registerWrite'; register: number; value: bigint };

/** The `register` of a `registerWrite` to the program counter. */
export const PC_REGISTER = 32;

/** The part of the machine's state that an input source may use. */
export interface InputStatus {
  position: Position;
  /** Virtual time: one nanosecond per step, plus all clock jumps and idle advances. */
  nanoseconds: number;
  /** The virtual time from which the console accepts another byte; Infinity while the guest is not listening. */
  consoleReadyNanoseconds: number;
  /** Whether all harts are waiting for an interrupt. */
  idle: boolean;
  /**
   * When idle: the virtual time at which one of the machine's timers or devices ends the wait; Infinity if none will.
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
   * is idle, the machine advances its clock to `wakeNanoseconds` (a deterministic idle step), or ends if
   * `wakeNanoseconds` is Infinity.
   */
  takeEvent(status: InputStatus): OutsideEvent | undefined;
  /** Host time in milliseconds since 1970, for a device in the step at `position`. */
  hostTime(position: Position): number;
  /** Returns `lengthBytes` unpredictable bytes, for a device in the step at `position`. */
  entropy(position: Position, lengthBytes: number): Uint8Array;
  /** Data from a host file or console input, for a semihosting call in the step at `position`. */
  queryHostFile(position: Position, query: HostFileQuery): HostFileResult;
}

/**
 * A semihosting query. File names are passed unchanged from the guest. An answer may contain fewer bytes than
 * requested, and contains none at the end of the file or input.
 */
export type HostFileQuery =
  | { kind: 'length'; name: string }
  | { kind: 'bytes'; name: string; offset: number; lengthBytes: number }
  /**
   * Returns console input that has not been delivered yet. If there is none now but more may arrive, the answer
   * contains the error NO_INPUT_YET.
   */
  | { kind: 'console'; lengthBytes: number };

/** The error number if the console has no input yet but may receive some (EAGAIN). */
export const NO_INPUT_YET = 11;

/** The answer to a HostFileQuery; on an error, `bytes` is empty. */
export interface HostFileResult {
  /** 0, or a Linux error number. */
  error: number;
  /** The length of the whole file, for a `length` query. */
  lengthBytes: number;
  bytes: Uint8Array;
}
