import { userErrorOf } from '../engine/errors/outOfMemory.ts';
import { inert } from '../engine/errors/shown.ts';
import { messages } from './outputs.ts';

const EXIT_HOST_FAILURE = 4;
const EXIT_OUR_MISTAKE = 70; // EX_SOFTWARE of sysexits.h

/** Reports an error that ended a whole thread, possibly for lack of memory; returns the exit status. */
export function reportUncaught(thrown: unknown): number {
  const error = userErrorOf(thrown);
  if (!error) return reportOwnMistake(thrown);
  messages.print(`blkreplay: ${error.message}\n`);
  return EXIT_HOST_FAILURE;
}

/** Reports an internal error; returns the exit status. */
export function reportOwnMistake(error: unknown): number {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  messages.print(
    `blkreplay: this is a mistake in blkreplay itself, please report it:\n${text.split('\n').map(inert).join('\n')}\n`,
  );
  return EXIT_OUR_MISTAKE;
}
