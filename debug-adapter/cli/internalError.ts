import { userErrorOf } from '../messages/outOfMemory.ts';
import { inert } from '../messages/shown.ts';
import { messages } from './outputs.ts';
import { errorLine, ownMistakeText } from '../messages/commandOutput.ts';
import { textFor } from '../messages/userError.ts';

const EXIT_HOST_FAILURE = 4;
const EXIT_INTERNAL_ERROR = 70; // EX_SOFTWARE from sysexits.h

/**
 * Reports an error that terminated a thread, for example because the thread ran out of memory. Returns the exit status.
 */
export function reportUncaught(thrown: unknown): number {
  const error = userErrorOf(thrown);
  if (!error) return reportInternalError(thrown);
  messages.print(errorLine(textFor(error, 'cli')));
  return EXIT_HOST_FAILURE;
}

/** Reports an internal error; returns the exit status. */
export function reportInternalError(error: unknown): number {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  messages.print(ownMistakeText(text.split('\n').map(inert).join('\n')));
  return EXIT_INTERNAL_ERROR;
}
