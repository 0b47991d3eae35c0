import type { GuestAddress, Position } from '../base/quantities.ts';
import type { RequestLog } from '../block/blockRequest.ts';

/**
 * The one door through which the outside world enters the machine. Live, recording and replaying are three
 * implementations; the machine cannot tell which. Delivering an event is a step of its own; an answer to a question that
 * a device asks is part of the step that asks.
 */
export type OutsideEvent =
  /** One byte arrives on the UART's line. */
  | { kind: 'consoleInput'; byte: number }
  /** The clock jumps forward while every hart waits (nanoseconds of virtual time, more than 0). */
  | { kind: 'clockJump'; nanoseconds: number }
  /** The debugger writes to RAM (guest physical address; the range is RAM). */
  | { kind: 'memoryWrite'; address: GuestAddress; bytes: Uint8Array }
  /** The debugger writes an integer register, 1 to 31, or the program counter as number 32. */
  | { kind: 'registerWrite'; register: number; value: bigint };

/** Numbers of `registerWrite`. */
export const PC_REGISTER = 32;

/** What a source may know of the machine when it is asked. */
export interface InputStatus {
  position: Position;
  /** Virtual time: position x 1 ns plus all clock jumps and idle advances. */
  nanoseconds: number;
  /** The virtual time from which the UART takes another byte; Infinity while the guest does not listen. */
  consoleReadyNanoseconds: number;
  /** Every hart waits for an interrupt. */
  idle: boolean;
  /** When idle: the virtual time at which the machine would wake by itself; Infinity when it would not. */
  wakeNanoseconds: number;
}

export interface Inputs extends RequestLog {
  /**
   * The earliest position at which `take` may give an event if the machine just keeps running (one step, one
   * nanosecond); Infinity when none is in sight. Asked at each boundary, several thousand times a second.
   */
  nextPosition(status: InputStatus): Position;
  /**
   * The event to deliver as the step at `status.position`, or undefined for none. Asked at boundaries: at least at
   * the position `nextPosition` gave, and whenever the machine idles. When idle and undefined, the machine advances
   * its clock to `wakeNanoseconds` by itself (a deterministic idle step), or ends when that is Infinity.
   */
  take(status: InputStatus): OutsideEvent | undefined;
  /** A device asks for the host's time, in milliseconds since 1970, in the step at `position`. */
  hostTime(position: Position): number;
  /** A device asks for that many unpredictable bytes, in the step at `position`. */
  entropy(position: Position, lengthBytes: number): Uint8Array;
  /** Semihosting asks for a file of the host's or what was typed, in the step at `position`. */
  hostFile(position: Position, question: FileQuestion): FileAnswer;
}

/** A name is as the guest gives it. Bytes may be answered with fewer, and with none where there are no more. */
export type FileQuestion =
  | { kind: 'length'; name: string }
  | { kind: 'bytes'; name: string; offset: number; lengthBytes: number }
  /** What was typed and is not delivered yet; NOTHING_YET while somebody may still type. */
  | { kind: 'console'; lengthBytes: number };

/** The error number of a console without input (EAGAIN). */
export const NOTHING_YET = 11;

export interface FileAnswer {
  /** 0, or one of Linux' error numbers. */
  error: number;
  /** Of the whole file, where that was the question. */
  lengthBytes: number;
  bytes: Uint8Array;
}
