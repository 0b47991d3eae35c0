import { boolean, number, savedAs } from '../../base/stateCodec.ts';
import { IER_RECEIVE } from './uartRegisters.ts';

/** The fields of the UART's saved state that determine when it accepts input. */
export const INPUT_FIELDS = {
  /**
   * The number of polls since the guest last transmitted a byte or reset the FIFO; 0 once the guest is considered to be
   * polling.
   */
  pollsInARow: savedAs('looksInARow', number),
  isPolling: savedAs('polls', boolean),
  /** The earliest time at which the next input byte may arrive. */
  lineFreeNanoseconds: number,
};

/** The part of the UART's state that `UartInput` uses. */
interface InputState {
  readonly interruptEnable: number;
  pollsInARow: number;
  isPolling: boolean;
  lineFreeNanoseconds: number;
}

/**
 * Determines the time from which the UART accepts input. A byte that arrives before the guest has set up its UART would
 * be lost in the FIFO reset, so the guest must be listening: either it has enabled the receive interrupt, or it is
 * polling. A poll is a read of LSR or RBR while no byte is available. A write to THR resets the poll count: a guest
 * that only prints also reads LSR, but rarely several times in a row, because the transmitter is always empty. After
 * POLLS_TO_DETECT_POLLING polls in a row, the guest is considered to be polling until it resets the FIFO. In addition,
 * one character time must have passed since the last byte and since the guest began to listen (Linux enables the
 * interrupt and then empties the FIFO).
 */
export class UartInput {
  private readonly state: InputState;
  private readonly now: () => number;
  /** Derived from the state: whether the guest was listening at the last update. */
  private listens = false;

  /** The UART and this object share `state`. */
  constructor(state: InputState, now: () => number) {
    this.state = state;
    this.now = now;
  }

  countPoll(): void {
    const { state } = this;
    if (state.isPolling) return;
    state.pollsInARow++;
    if (state.pollsInARow < POLLS_TO_DETECT_POLLING) return;
    state.isPolling = true;
    state.pollsInARow = 0;
  }

  /** Called when the guest has transmitted a byte. */
  transmitted(): void {
    this.state.pollsInARow = 0;
  }

  /** Called when the guest has reset the FIFO. */
  reset(): void {
    this.state.pollsInARow = 0;
    this.state.isPolling = false;
  }

  /** Called when a byte has arrived: blocks further input for one character time. */
  received(): void {
    this.blockLine();
  }

  /**
   * Called after the state has been loaded. A guest that is already listening does not count as having just begun to
   * listen.
   */
  restored(): void {
    this.listens = this.isListening();
  }

  /**
   * The virtual time from which a byte may arrive; Infinity if the guest is not listening. Called after each access.
   */
  update(): number {
    const listened = this.listens;
    this.listens = this.isListening();
    if (this.listens && !listened) this.blockLine();
    return this.listens ? this.state.lineFreeNanoseconds : Infinity;
  }

  private isListening(): boolean {
    return (this.state.interruptEnable & IER_RECEIVE) !== 0 || this.state.isPolling;
  }

  private blockLine(): void {
    this.state.lineFreeNanoseconds = Math.max(this.state.lineFreeNanoseconds, this.now() + CHARACTER_NANOSECONDS);
  }
}

/** The transmission time of one character at 115200 baud and 10 bits per character: 10 / 115200 s, rounded up. */
const CHARACTER_NANOSECONDS = 86_806;

/**
 * OpenSBI and Linux 6.12 poll at most 8 times in a row while they print and while Linux starts its 8250 driver (counted
 * in a QEMU trace of a boot); a polling loop reaches 16 polls within a few hundred instructions.
 */
const POLLS_TO_DETECT_POLLING = 16;
