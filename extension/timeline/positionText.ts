/** Formats a position for display: `12,345,678`. */
export function formatPosition(position: number): string {
  return position.toLocaleString('en-US');
}

export interface PositionBounds {
  position: number;
  start: number;
  end: number;
}

/**
 * Parses a position that the user typed: `12,345,678`, `12_345_678`, `start`, `end`, `+1000`, `-1000` or `12.5M`.
 * Returns undefined if the text does not match any of these formats.
 */
export function parsePosition(text: string, { position, start, end }: PositionBounds): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'start') return start;
  if (word === 'end') return end;
  const match = /^([+-]?)\s*(\d[\d,_' ]*)(\.\d+)?\s*([km]?)$/.exec(word);
  if (!match) return undefined;
  const [, sign, whole, fraction = '', unit] = match;
  if (fraction && !unit) return undefined;
  const factor = unit === 'm' ? 1e6 : unit === 'k' ? 1e3 : 1;
  const steps = Math.round(Number(whole.replace(/[,_' ]/g, '') + fraction) * factor);
  if (!Number.isSafeInteger(steps)) return undefined;
  return sign === '+' ? position + steps : sign === '-' ? position - steps : steps;
}
