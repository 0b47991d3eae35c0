import { ownMistake } from '../messages/dap.ts';
import { userErrorOf } from '../messages/outOfMemory.ts';
import { type Fields, textFor } from '../messages/userError.ts';

/**
 * The reason why a request or the session has failed, in the editor's terminology. The engine thread sends failures
 * to the protocol thread, which also creates some failures itself.
 */
export interface Failure {
  /** A stable error code, such as `overlay-exists`. */
  code: string;
  message: string;
  /** The values that the message contains, if the error is a UserError. */
  fields?: Fields;
}

export function failureOf(error: unknown): Failure {
  const known = userErrorOf(error);
  if (known) return { code: known.code, message: textFor(known, 'editor'), fields: known.fields };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { code: 'own-mistake', message: ownMistake(text) };
}
