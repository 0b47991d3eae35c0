import type { PositionEvent } from '../../debug-adapter/dap/customProtocol.ts';
import {
  positionItemLabel,
  positionItemText,
  positionItemTooltip,
  stateIcons,
  stateSentences,
  stateWords,
} from '../../debug-adapter/messages/extension.ts';
import { formatPosition } from './positionText.ts';

export interface StatusText {
  text: string;
  tooltip: string;
  accessibilityInformation: { label: string };
}

/** Formats the machine's position and state for the status bar. */
export function statusText(event: PositionEvent): StatusText {
  const { position, start, isRunning, seconds } = event;
  const end = Math.max(event.end, position);
  const state = stateOf(event);
  const percent = end > start ? Math.floor((100 * (position - start)) / (end - start)) : undefined;
  const shown = { position: formatPosition(position), percent, seconds: formatSeconds(seconds ?? 0, 3) };
  const label = positionItemLabel({ ...shown, end: formatPosition(end), state: stateWords[state]() });
  return {
    text: positionItemText({ ...shown, icon: stateIcons[state], state: stateWords[state]() }),
    accessibilityInformation: { label },
    tooltip: positionItemTooltip({
      sentence: stateSentences[state](isRunning ? 'running' : 'stopped'),
      position: formatPosition(position),
      end: formatPosition(end),
      percent,
      seconds: formatSeconds(seconds ?? 0, 7),
    }),
  };
}

/** Formats seconds with a fixed number of digits, so that the width of the text does not change with each update. */
function formatSeconds(seconds: number, digits: number): string {
  return seconds.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function stateOf({ rr, isPast }: PositionEvent): keyof typeof stateWords {
  if (rr === 'replay') return 'replay';
  return isPast ? 'history' : rr === 'record' ? 'record' : 'live';
}
