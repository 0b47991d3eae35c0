import type { PlaceEvent } from '../../debug-adapter/dap/customProtocol.ts';
import { showPosition } from './positionText.ts';

/** Formats the machine's position and state for the status bar. */
export function placeText(place: PlaceEvent): { text: string; tooltip: string } {
  const { position, end } = place;
  return {
    text: `$(debug-reverse-continue) ${showPosition(position)} / ${showPosition(Math.max(end, position))} · ${stateWord(place)}`,
    tooltip: `${stateSentence(place)} Click to go to a position.`,
  };
}

function stateWord({ rr, isPast }: PlaceEvent): string {
  if (rr === 'replay') return 'replay';
  return isPast ? 'past' : rr === 'record' ? 'record' : 'live';
}

function stateSentence({ rr, isPast, isRunning }: PlaceEvent): string {
  const runs = isRunning ? 'running' : 'stopped';
  if (rr === 'replay') return `Replaying a recording, ${runs}: the guest does what it did.`;
  if (isPast) return `In the past, ${runs}: typed input is refused until the machine is back in its present.`;
  return rr === 'record'
    ? `Recording, ${runs} in the present.`
    : `Running without a recording file, ${runs} in the present.`;
}
