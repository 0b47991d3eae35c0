import type { Position } from '../base/quantities.ts';
import type { MachineSetup } from './sessionOptions.ts';

/**
 * Filters console output so that each byte is shown only once. Replaying the history outputs bytes again; only bytes
 * beyond the furthest position reached so far are new. `show` also receives the position of the step that printed the
 * byte. Returns an `onConsoleByte` callback for front ends with a console.
 */
export function newOutputOnly(show: (byte: number, position: Position) => void): MachineSetup['onConsoleByte'] {
  let shownUpTo: Position = -1;
  let lastIndex = -1;
  return (byte, position, index) => {
    if (position < shownUpTo || (position === shownUpTo && index <= lastIndex)) return;
    shownUpTo = position;
    lastIndex = index;
    show(byte, position);
  };
}
