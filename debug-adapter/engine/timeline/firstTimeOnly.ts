import type { Position } from '../base/quantities.ts';
import type { MachineSetup } from './sessionOptions.ts';

/**
 * Filters console output so that each byte is shown once: replaying the history prints bytes again, and only those
 * beyond the furthest position so far are new. Returns an `onConsoleByte` callback for front ends with a console.
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
