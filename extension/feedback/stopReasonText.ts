import type { Stop } from './adapterMessages.ts';

/** Longer text would not fit next to the source line. The hover shows the whole text. */
const CHARACTERS_MAX = 160;

/**
 * Why the machine has stopped, if there is more to say than the name of the reason: the old and new values of a
 * watchpoint, the cause of an exception, or the text that was printed. `line` is the text for the end of a source line.
 */
export function stopReasonText({ reason, description, text }: Stop): { line: string; whole: string } | undefined {
  // The status bar shows the position.
  if (reason === 'goto') return undefined;
  // For a trap, the description is only its name, and the text starts with that name. When the run has ended, only the
  // description says how it ended.
  const whole = description !== undefined && !text?.startsWith(description) ? description : text;
  if (whole === undefined || whole === '') return undefined;
  const line = whole.replace(/\s+/g, ' ').trim();
  return { line: line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX - 1)}…` : line, whole };
}
