import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import { CONSOLE_PORT } from '../../machine/ports/consolePort.ts';
import type { InputSource } from './inputSource.ts';

/**
 * Console input, either given in advance (`--stdin`) or typed while the machine runs. Each byte is delivered as soon as
 * the UART accepts it, so the delivery time depends only on the machine and on when the byte was typed. If the machine
 * is idle and would wake only after the delivery time, a clock jump to that time precedes the byte.
 */
export class ConsoleInput implements InputSource {
  private bytes: Uint8Array;
  private next = 0;
  private readonly isClosed: boolean;

  /** If `bytes` is given, the input ends after these bytes. */
  constructor(bytes?: Uint8Array) {
    this.bytes = bytes ?? new Uint8Array();
    this.isClosed = bytes !== undefined;
  }

  get remainingBytes(): number {
    return this.bytes.length - this.next;
  }

  /** Appends typed bytes to those that have not been delivered yet. */
  append(bytes: Uint8Array): void {
    const waiting = this.bytes.subarray(this.next);
    this.bytes = new Uint8Array(waiting.length + bytes.length);
    this.bytes.set(waiting);
    this.bytes.set(bytes, waiting.length);
    this.next = 0;
  }

  read(lengthMax: number): Uint8Array | undefined {
    if (this.remainingBytes === 0 && !this.isClosed) return undefined;
    const bytes = this.bytes.slice(this.next, this.next + lengthMax);
    this.next += bytes.length;
    return bytes;
  }

  nextPosition(status: InputStatus): Position {
    if (this.remainingBytes === 0) return Infinity;
    // While the machine is running, its clock advances by one nanosecond at each step.
    return status.position + Math.max(0, status.readyNanoseconds(CONSOLE_PORT) - status.nanoseconds);
  }

  take(status: InputStatus): OutsideEvent | undefined {
    if (this.remainingBytes === 0) return undefined;
    const readyNanoseconds = status.readyNanoseconds(CONSOLE_PORT);
    const waitNanoseconds = readyNanoseconds - status.nanoseconds;
    if (waitNanoseconds <= 0) return this.typedByte();
    // If both times are equal, no clock jump is needed, because the machine's own idle step advances the clock to that
    // time.
    if (status.idle && readyNanoseconds < status.wakeNanoseconds) {
      return { kind: 'clockJump', nanoseconds: waitNanoseconds };
    }
    return undefined;
  }

  private typedByte(): OutsideEvent {
    const { number, events } = CONSOLE_PORT;
    return { kind: 'input', port: number, payload: events.encode(this.bytes[this.next++]) };
  }
}
