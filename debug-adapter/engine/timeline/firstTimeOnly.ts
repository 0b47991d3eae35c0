import type { Position } from '../base/quantities.ts';
import type { MachineSetup } from './sessionOptions.ts';

/**
 * What the guest prints, each byte once: looking back it says again what it said before, and only bytes beyond the
 * furthest position so far are new. Makes the `onConsoleByte` of a front end that shows a console.
 */
export function firstTimeOnly(show: (byte: number) => void): MachineSetup['onConsoleByte'] {
  let shownTo: Position = -1;
  let lastIndex = -1;
  return (byte, position, index) => {
    if (position < shownTo || (position === shownTo && index <= lastIndex)) return;
    shownTo = position;
    lastIndex = index;
    show(byte);
  };
}
