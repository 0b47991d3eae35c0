import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';

/**
 * A live source of external events: the part of `Inputs` that concerns events. `LiveInputs` combines several sources.
 */
export interface InputSource {
  /** The position of the next event, like `Inputs.nextPosition`. */
  nextPosition(status: InputStatus): Position;
  /** Like `Inputs.take`: an event to deliver now, or undefined. */
  take(status: InputStatus): OutsideEvent | undefined;
  /**
   * For a source with console input: takes pending bytes, or none at the end of the input; undefined if more may
   * follow.
   */
  read?(lengthMax: number): Uint8Array | undefined;
}
