import type { PlaceEvent } from '../../debug-adapter/dap/customProtocol.ts';
import {
  positionItemText,
  positionItemTooltip,
  stateSentences,
  stateWords,
} from '../../debug-adapter/messages/extension.ts';
import { showPosition } from './positionText.ts';

/** Formats the machine's position and state for the status bar. */
export function placeText(place: PlaceEvent): { text: string; tooltip: string } {
  const { position, end, isRunning } = place;
  const state = stateOf(place);
  return {
    text: positionItemText({
      position: showPosition(position),
      end: showPosition(Math.max(end, position)),
      state: stateWords[state](),
    }),
    tooltip: positionItemTooltip(stateSentences[state](isRunning ? 'running' : 'stopped')),
  };
}

function stateOf({ rr, isPast }: PlaceEvent): keyof typeof stateWords {
  if (rr === 'replay') return 'replay';
  return isPast ? 'past' : rr === 'record' ? 'record' : 'live';
}
