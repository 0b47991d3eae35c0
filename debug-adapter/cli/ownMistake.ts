import { userErrorOf } from '../engine/errors/outOfMemory.ts';
import { inert } from '../engine/errors/shown.ts';
import { messages } from './outputs.ts';

const EXIT_HOST_FAILURE = 4;
const EXIT_OUR_MISTAKE = 70; // EX_SOFTWARE of sysexits.h

/** The same for an error that ended the whole thread, which may have had no memory left. */
export function reportUncaught(thrown: unknown): number {
  const error = userErrorOf(thrown);
  if (!error) return reportOwnMistake(thrown);
  messages.print(`blkreplay: ${error.message}\n`);
  return EXIT_HOST_FAILURE;
}

/** Says that something happened that is nobody's mistake but ours; returns the exit status. */
export function reportOwnMistake(error: unknown): number {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  messages.print(
    `blkreplay: this is a mistake in blkreplay itself, please report it:\n${text.split('\n').map(inert).join('\n')}\n`,
  );
  return EXIT_OUR_MISTAKE;
}
