import { messages } from './outputs.ts';

const EXIT_OUR_MISTAKE = 70; // EX_SOFTWARE of sysexits.h

/** Says that something happened that is nobody's mistake but ours; returns the exit status. */
export function reportOwnMistake(error: unknown): number {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  messages.print(`blkreplay: this is a mistake in blkreplay itself, please report it:\n${text}\n`);
  return EXIT_OUR_MISTAKE;
}
