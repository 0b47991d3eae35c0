import type { Stop } from './adapterMessages.ts';

/** Longer texts would move the end of a line out of view. The whole text is in the hover. */
const CHARACTERS_MAX = 160;

/**
 * Why the machine has stopped, if there is more to say than the name of the reason: the old and new value of a
 * watchpoint, the words of an exception, the text that was printed. `line` is the text for the end of a source line.
 */
export function stopReasonText({ description, text }: Stop): { line: string; whole: string } | undefined {
  // For a trap, the text starts with its name, which is the description. At the end of the guest, only the description
  // says how it ended.
  const whole = description !== undefined && !text?.startsWith(description) ? description : text;
  if (whole === undefined || whole === '') return undefined;
  const line = whole.replace(/\s+/g, ' ').trim();
  return { line: line.length > CHARACTERS_MAX ? `${line.slice(0, CHARACTERS_MAX - 1)}…` : line, whole };
}
