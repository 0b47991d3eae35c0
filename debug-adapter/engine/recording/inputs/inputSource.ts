import type { Position } from '../../base/quantities.ts';
import type { InputStatus, OutsideEvent } from '../../machine/inputs.ts';

/** One live source of outside events: the part of `Inputs` that is about events. `LiveInputs` combines several. */
export interface InputSource {
  /** As `Inputs.nextPosition`. */
  nextPosition(status: InputStatus): Position;
  /** As `Inputs.take`: an event to deliver now, or undefined. */
  take(status: InputStatus): OutsideEvent | undefined;
  /** Of a source that has a console's bytes: takes some that wait, none at its end; undefined when more may come. */
  read?(lengthMax: number): Uint8Array | undefined;
}
