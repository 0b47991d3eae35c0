import type { Position } from '../base/quantities.ts';
import type { MachineSetup } from './sessionOptions.ts';

/**
 * What the guest prints, each byte once: looking back it says again what it said before, and only bytes beyond the
 * furthest position so far are new. Makes the `onConsoleByte` of a front end that shows a console.
 */
export function firstTimeOnly(show: (byte: number) => void): MachineSetup['onConsoleByte'] {
  let shownTo: Position = -1;
  return (byte, position) => {
    if (position <= shownTo) return;
    shownTo = position;
    show(byte);
  };
}
