import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';
import type { InputSource } from './inputSource.ts';

/**
 * Console input from bytes known beforehand (`--stdin`) or typed while the machine runs: the next one arrives as soon
 * as the UART takes it, so when each arrives depends on nothing but the machine and when it was typed. While the machine idles, the clock is moved to that moment first
 * if it would not have got there by itself.
 */
export class ConsoleInput implements InputSource {
  #bytes: Uint8Array;
  #next = 0;
  readonly #isAll: boolean;

  /** With bytes they are all that there will be. */
  constructor(bytes?: Uint8Array) {
    this.#bytes = bytes ?? new Uint8Array();
    this.#isAll = bytes !== undefined;
  }

  get remainingBytes(): number {
    return this.#bytes.length - this.#next;
  }

  /** Typed: these come after what still waits. */
  type(bytes: Uint8Array): void {
    const waiting = this.#bytes.subarray(this.#next);
    this.#bytes = new Uint8Array(waiting.length + bytes.length);
    this.#bytes.set(waiting);
    this.#bytes.set(bytes, waiting.length);
    this.#next = 0;
  }

  read(lengthMax: number): Uint8Array | undefined {
    if (this.remainingBytes === 0 && !this.#isAll) return undefined;
    const bytes = this.#bytes.slice(this.#next, this.#next + lengthMax);
    this.#next += bytes.length;
    return bytes;
  }

  nextPosition(status: InputStatus): Position {
    if (this.remainingBytes === 0) return Infinity;
    // A running machine takes one nanosecond a step.
    return status.position + Math.max(0, status.consoleReadyNanoseconds - status.nanoseconds);
  }

  take(status: InputStatus): OutsideEvent | undefined {
    if (this.remainingBytes === 0) return undefined;
    const waitNanoseconds = status.consoleReadyNanoseconds - status.nanoseconds;
    if (waitNanoseconds <= 0) return { kind: 'consoleInput', byte: this.#bytes[this.#next++] };
    // When both moments are the same, the machine's own idle step gets there.
    if (status.idle && status.consoleReadyNanoseconds < status.wakeNanoseconds) {
      return { kind: 'clockJump', nanoseconds: waitNanoseconds };
    }
    return undefined;
  }
}
