import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';

/**
 * A source of external events for a live machine. Its methods correspond to the event methods of `Inputs`; `LiveInputs`
 * combines several sources.
 */
export interface InputSource {
  /** Returns the position of the next event, like `Inputs.nextPosition`. */
  nextPosition(status: InputStatus): Position;
  /** Returns an event to deliver now, or undefined, like `Inputs.takeEvent`. */
  take(status: InputStatus): OutsideEvent | undefined;
  /**
   * Takes bytes that have not been delivered yet, for a semihosting call. Returns an empty array at the end of the
   * input, and undefined if there are no bytes now but more may follow. Only sources with console input have this
   * method.
   */
  read?(lengthMax: number): Uint8Array | undefined;
}
