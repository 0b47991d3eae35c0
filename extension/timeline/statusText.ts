import type { PositionEvent } from '../../debug-adapter/dap/customProtocol.ts';
import {
  positionItemText,
  positionItemTooltip,
  stateSentences,
  stateWords,
} from '../../debug-adapter/messages/extension.ts';
import { formatPosition } from './positionText.ts';

/** Formats the machine's position and state for the status bar. */
export function statusText(event: PositionEvent): { text: string; tooltip: string } {
  const { position, end, isRunning } = event;
  const state = stateOf(event);
  return {
    text: positionItemText({
      position: formatPosition(position),
      end: formatPosition(Math.max(end, position)),
      state: stateWords[state](),
    }),
    tooltip: positionItemTooltip(stateSentences[state](isRunning ? 'running' : 'stopped')),
  };
}

function stateOf({ rr, isPast }: PositionEvent): keyof typeof stateWords {
  if (rr === 'replay') return 'replay';
  return isPast ? 'history' : rr === 'record' ? 'record' : 'live';
}
